"""Figures of series: forecasts, gates along a series, and how weights were learned."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grucli.figures.canvas import (
    ACCENT,
    COLOURS,
    QUIET,
    TRUTH,
    Drawing,
    logarithmic,
    plain,
    step_ticks,
    time_ticks,
)
from grucli.results import ForecastExample, MatrixRecord, Recorded, WeightHistory, rows_of
from grucli.results.tracing import LayerActivity, TraceReport
from grucli.text import model_words

MOST_FORECASTS = 12
_QUANTITIES = (
    "cosine_distance_from_initialisation",
    "spectral_norm",
    "gradient_norm",
    "update_ratio",
)
_RECORDED = rows_of(MatrixRecord, Recorded)


def draw_forecasts(examples: Sequence[ForecastExample], *, title: str) -> Drawing:
    """Each forecast beside the rows it was made from and, where it is known, the truth."""
    shown = examples[:MOST_FORECASTS]
    columns = min(len(shown), 2)
    rows = -(-len(shown) // columns)
    left_out = len(examples) - len(shown)

    def draw(figure: Any) -> None:
        places = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes, example in zip(places, shown, strict=False):
            _forecast(axes, example)
        for axes in places[len(shown) :]:
            axes.set_axis_off()
        lines, names = places[0].get_legend_handles_labels()
        figure.legend(lines, names, loc="outside lower right", ncols=4)

    return Drawing(
        title=title,
        caption="The rows the model read, its forecast and the truth where it is known, in the "
        "table's own units. A few windows can flatter or slight a model; its scores count them all."
        + (f" {left_out} more are left out." if left_out else ""),
        size=(5.6 * columns + 0.4, 2.9 * rows + 0.5),
        draw=draw,
    )


def _forecast(axes: Any, example: ForecastExample) -> None:
    start = len(example.context)
    ahead = range(start, start + len(example.forecast))
    axes.plot(range(start), example.context, color=QUIET, linewidth=1.2, label="read by the model")
    if example.truth:
        truth = [math.nan if value is None else value for value in example.truth]
        axes.plot(ahead, truth, color=TRUTH, linewidth=1.4, marker=".", markersize=3, label="truth")
    axes.plot(
        ahead, example.forecast, color=ACCENT, linewidth=1.4, marker=".", markersize=3,
        label="forecast",
    )  # fmt: skip
    for level, (low, high) in example.bands.items():
        axes.fill_between(
            ahead, low, high, color=ACCENT, alpha=0.15, linewidth=0, label=f"{level} % interval"
        )
    axes.axvline(start - 0.5, color=QUIET, linewidth=0.8, linestyle=":")
    of_series = f" of {plain(example.series, 20)}" if example.series else ""
    axes.set_title(f"{plain(example.column, 30)}{of_series} from {plain(example.times[start], 25)}")
    axes.set_ylabel(plain(example.column, 24))
    axes.set_xlabel(plain(example.time, 24))
    time_ticks(axes, range(len(example.times)), example.times)


def draw_trace(report: TraceReport, times: Sequence[str]) -> Drawing:
    """The mean activation of each gate along the series, and the gradient against the lag."""

    def draw(figure: Any) -> None:
        places = figure.subplots(len(report.layers), 2, squeeze=False, width_ratios=(3, 2))
        for (gates, gradient), layer in zip(places, report.layers, strict=True):
            _gates(gates, layer, times)
            _gradient(gradient, layer)

    file = "/".join(Path(report.checkpoint).parts[-2:])
    which = model_words(report.member, report.members)
    norm = f", layer_norm {report.layer_norm}" if report.layer_norm != "none" else ""
    cell = f"{report.cell.upper()}{norm}"
    return Drawing(
        title=f"{which}Gates of {file} ({cell}) from {report.first} to {report.last}",
        caption="The mean of all units of each gate while the model reads the rows, and the mean "
        "gradient of the loss with respect to the state that many steps back. A mean of one half "
        "can be many half-open units or two camps of open and shut ones.",
        size=(11.0, 3.1 * len(report.layers) + 0.5),
        draw=draw,
    )


def _gates(axes: Any, layer: LayerActivity, times: Sequence[str]) -> None:
    for gate, colour in zip(layer.gates, COLOURS, strict=False):
        label = f"{gate.symbol} {gate.gate} ({gate.activation})"
        axes.plot(gate.by_step, color=colour, linewidth=1.4, label=label)
    axes.set_title(f"layer {layer.layer} {layer.direction}: mean of {layer.units} units")
    axes.set_ylabel("mean activation")
    time_ticks(axes, range(len(times)), times)
    axes.legend(loc="best")


def _gradient(axes: Any, layer: LayerActivity) -> None:
    axes.set_title("gradient against lag")
    axes.set_xlabel("steps back")
    axes.set_ylabel("mean |dL/dh|")
    if layer.gradient_by_lag is None:
        axes.text(0.5, 0.5, "no window has its truth", ha="center", transform=axes.transAxes)
        return
    axes.plot(layer.gradient_by_lag, color=ACCENT, linewidth=1.4)
    logarithmic(axes, layer.gradient_by_lag)


def draw_history(history: WeightHistory) -> Drawing:
    """Cosine distance, spectral norm, gradient and update ratio of each matrix, step by step."""
    first = history.records[0].matrices
    groups = list(
        dict.fromkeys((m.layer, m.direction, m.part) for m in first if m.part in ("ih", "hh"))
    )

    def draw(figure: Any) -> None:
        places = figure.subplots(len(groups), len(_QUANTITIES), squeeze=False, sharex=True)
        for row, group in zip(places, groups, strict=True):
            for axes, quantity in zip(row, _QUANTITIES, strict=True):
                _learned(axes, history, quantity, group)
                axes.set_ylabel(_RECORDED[quantity].axis)
            layer, direction, part = group
            words = "input to hidden" if part == "ih" else "hidden to hidden"
            row[0].set_title(f"layer {layer} {direction}, {words}")
            row[0].legend(loc="upper left")
        for axes in places[-1]:
            axes.set_xlabel("step")

    return Drawing(
        title=f"How the weights of {history.name or history.path} were learned",
        caption="The matrices of each gate over the steps of training, on a logarithmic axis on "
        "which early changes look wide. The cosine distance is that from initialisation: 0 for a "
        "matrix that has its direction still, 1 for a right angle.",
        size=(3.3 * len(_QUANTITIES), 2.4 * len(groups) + 0.6),
        draw=draw,
    )


def _learned(axes: Any, history: WeightHistory, quantity: str, group: tuple[int, str, str]) -> None:
    gates: dict[str, list[tuple[int, float | None]]] = {}
    for record in history.records:
        for m in record.matrices:
            if (m.layer, m.direction, m.part) == group:
                gates.setdefault(f"{m.symbol} {m.gate}", []).append(
                    (record.step, getattr(m, quantity))
                )
    every: list[float] = []
    for (label, points), colour in zip(gates.items(), COLOURS, strict=False):
        values = [math.nan if value is None else value for _, value in points]
        every += values
        axes.plot([step for step, _ in points], values, color=colour, linewidth=1.3, label=label)
    step_ticks(axes, history.records[-1].step)
    if _RECORDED[quantity].is_wide:
        logarithmic(axes, every)
