"""What the gates did along a series, on one screen, in words for those who meet them first."""

import math
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.text import Text

from grucli.cells import ACTIVATIONS, CELLS
from grucli.cells.activations import RELU
from grucli.cli.kit.charts import sparkline
from grucli.cli.kit.columns import Column
from grucli.cli.kit.gates import gate_style
from grucli.cli.kit.numbers import count, digits
from grucli.cli.kit.page import Page, Screen
from grucli.results.tracing import GateActivity, LayerActivity, TraceReport
from grucli.text import clean, model_words, percent, plural, some

_EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SHOWN_UNITS = 8
_CURVE = 18


def render_trace(report: TraceReport, width: int) -> Screen:
    """A summary of a trace in ``width`` columns (80 are enough)."""
    return Screen(width, lambda page: _content(page, report))


def _content(page: Page, report: TraceReport) -> Iterator[Text]:
    norm = f", layer_norm {report.layer_norm}" if report.layer_norm != "none" else ""
    which = model_words(report.member, report.members)
    yield page.line(
        f"{which}{clean(report.checkpoint)} · {report.cell.upper()}{norm}", style="bold"
    )
    yield from page.paragraphs([_what(report)], style="dim")
    for layer in report.layers:
        yield page.line(_heading(layer, report), style="bold")
        styles = [gate_style(report.cell, gate.gate) for gate in layer.gates]
        _, *gates = page.table(_columns(layer.gates), styles=styles)
        yield from gates
        yield from page.paragraphs(_words(layer, report))
    yield from page.paragraphs(_legend(report), style="dim")


def _what(report: TraceReport) -> str:
    window = (
        "" if report.normalise == "none" else f", normalised as one window ({report.normalise})"
    )
    samples = [clean(name) for name in report.samples if name]
    each = f", each of {', '.join(samples)} on its own" if samples else ""
    several = report.rows_per_step > 1
    steps = f", {report.rows_per_step} rows a step" if several else ""
    return (
        f"What it reads: the {report.rows} newest rows of "
        f"{clean(report.table)}, {report.first} to {report.last}{window}{each}{steps}; "
        f"states as the model's own to {report.difference:.0e}."
    )


def _heading(layer: LayerActivity, report: TraceReport) -> str:
    words = f"Layer {layer.layer}"
    if any(other.direction == "reverse" for other in report.layers):
        words += f" · {layer.direction}"
    return f"{words} · {plural(layer.units, 'unit')}"


def _columns(gates: Sequence[GateActivity]) -> list[Column]:
    def texts(heading: str, cells: Sequence[str], rank: int, *, numeric: bool = True) -> Column:
        return Column(heading, tuple(cells), rank, numeric)

    return [
        texts("gate", [f"{gate.symbol} {gate.gate}" for gate in gates], 0, numeric=False),
        texts("mean", [f"{gate.mean:.2f}" for gate in gates], 0),
        texts("std", [f"{gate.standard_deviation:.2f}" for gate in gates], 2),
        texts("left sat.", [percent(gate.left_saturated_share) for gate in gates], 0),
        texts("right sat.", [percent(gate.right_saturated_share) for gate in gates], 0),
        texts(
            "always sat.",
            [
                str(len(gate.always_left_saturated) + len(gate.always_right_saturated))
                for gate in gates
            ],
            1,
        ),
        texts(
            "mean over time",
            [sparkline(gate.by_step, 16) for gate in gates],
            3,
            numeric=False,
        ),
    ]


def _words(layer: LayerActivity, report: TraceReport) -> Iterator[str]:
    yield from _always(layer)
    yield from _memory(layer)
    yield from _gradient(layer, report)
    yield from _lyapunov(layer)


def _always(layer: LayerActivity) -> Iterator[str]:
    for gate in layer.gates:
        ends = ACTIVATIONS[gate.activation].ends
        for units, end in (
            (gate.always_left_saturated, ends[0]),
            (gate.always_right_saturated, ends[1]),
        ):
            if units:
                shown = some([*map(str, units)], _SHOWN_UNITS)
                many = plural(len(units), "unit")
                yield f"{gate.symbol} saturated, always {end}: {many} ({shown})."


def _memory(layer: LayerActivity) -> Iterator[str]:
    found = layer.time_constant_steps
    if not found:
        return
    middle, shortest, longest = statistics.median(found), min(found), max(found)
    edges = (0, *_EDGES, math.inf)
    counts = [sum(low <= steps < high for steps in found) for low, high in pairwise(edges)]
    shown = ", ".join(
        f"{count} {_span(low, high)}"
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
        if count
    )
    yield (
        f"Time constant: median {digits(middle, 3)} steps, {digits(shortest, 3)} to "
        f"{digits(longest, 3)}. Units by steps: {shown}."
    )


def _span(low: float, high: float) -> str:
    if low == 0:
        return f"under {high:g}"
    return f"of {low:g} to {high:g}" if math.isfinite(high) else f"from {low:g}"


def _gradient(layer: LayerActivity, report: TraceReport) -> Iterator[str]:
    curve = layer.gradient_by_lag
    if curve is None:
        yield "Gradient against lag: n/a; it takes a forecast, a context, and its truth."
        return
    if layer.gradient_hundredth_lag is None:
        yield "Gradient against lag: the loss does not depend on this layer's states."
        return
    logs = [math.log10(size) if size > 0 else math.nan for size in curve]
    line = sparkline(logs, _CURVE)
    top = max(curve)
    shares = [f"{lag}: {digits(curve[lag] / top, 2)}" for lag in _lags(len(curve))]
    yield f"Gradient of the loss by steps back, 0 to {len(curve) - 1} (log scale): {line}"
    yield (
        "Measured: half of the largest is left as far back as "
        f"{plural(layer.gradient_half_lag or 0, 'step')}, a tenth {layer.gradient_tenth_lag}, "
        f"a hundredth {layer.gradient_hundredth_lag}. Share by lag: {', '.join(shares)}. A "
        f"fitted exponential {_fit(layer.fitted_half_life_steps)}."
    )


def _fit(half: float | None) -> str:
    return f"halves every {digits(half, 3)} steps" if half is not None else "does not fade"


def _lags(count: int) -> list[int]:
    lags = [0, *(2**power for power in range(0, 20, 2)), count - 1]
    return sorted({lag for lag in lags if lag < count})


def _lyapunov(layer: LayerActivity) -> Iterator[str]:
    exponent = layer.largest_lyapunov_exponent
    if exponent is None or not math.isfinite(exponent):
        yield "Largest Lyapunov exponent: n/a, too few steps or no memory at all."
        return
    steps = _two_digits(1 / abs(exponent)) if exponent else "inf"
    effect = (
        f"a small difference in the state shrinks to 1/e in {steps} steps"
        if exponent <= 0
        else f"a small difference in the state grows e-fold in {steps} steps"
    )
    words = (
        f"Largest Lyapunov exponent {_two_digits(exponent)} a step over the last "
        f"{plural(layer.lyapunov_steps, 'step')}"
    )
    if layer.lyapunov_halves:
        first, second = layer.lyapunov_halves
        words += f" ({_two_digits(first)} and {_two_digits(second)} in its halves)"
        if first * second < 0:
            effect = "too few steps to say whether small differences grow"
    yield f"{words}: {effect}."


def _two_digits(value: float) -> str:
    """Two significant digits and no exponent for large numbers: all that so few steps support."""
    return count(float(f"{value:.2g}")) if abs(value) >= 100 else digits(value, 2)


def _legend(report: TraceReport) -> Iterator[str]:
    meanings = [
        "sat.: share of values below 0.1 (left), above 0.9 (right), of a tanh -0.9 and 0.9",
        "always: units at one end at every step",
    ]
    if any(gate.activation == RELU.name for gate in report.layers[0].gates):
        meanings.append("of a relu left sat. is the share of zeros, and it has no right end")
    keeps = CELLS[report.cell].keeps
    if keeps:
        letter = next(gate.letter for gate in CELLS[report.cell].gates if gate.name == keeps)
        meanings.append(
            f"time constant: -1 / mean ln {letter}, steps to 1/e of a state if nothing else acted"
        )
    if report.windows:
        meanings.append(
            f"gradient: mean |d {report.loss} / d state|, {plural(report.windows, 'window')}"
        )
    yield f"{'; '.join(meanings)}."
    yield "-o FILE.csv: every value; --unit N: one unit; grucli explain: one step."
