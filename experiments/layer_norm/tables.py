"""What was measured, as Markdown tables. A spread is least / median / most of the seeds."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from experiments.layer_norm.grid import EXPERIMENTS, Experiment, Row
from experiments.layer_norm.invariance import invariance_rows
from experiments.layer_norm.running import LAGS, Bench, Measured

SHOWN_LAGS = (10, 53, 101, 263, 499)
NEVER = "-"
PAIR = ("none", "split")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its head."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float]) -> str:
    """Least, median and most; infinity is a dash. Equal ones are shown once."""
    shown = [_short(pick(values)) for pick in (min, statistics.median, max)]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def _short(value: float) -> str:
    if math.isinf(value):
        return NEVER
    return f"{value:.0f}" if 100 <= value < 1e4 else f"{value:.2g}"


def best(run: Measured) -> float:
    """Lowest validation loss of a run."""
    return min(run["valid"], default=math.inf)


def last(run: Measured) -> float:
    """Validation loss that a run ended with; infinite where training broke."""
    return math.inf if "failure" in run else float(run["valid"][-1])


def steps_to(run: Measured, loss: float) -> float:
    """Optimiser steps until a validation at or below ``loss``; infinite where there is none."""
    reached = zip(run["steps"], run["valid"], strict=True)
    return next((float(step) for step, valid in reached if valid <= loss), math.inf)


def levels(bench: Bench, experiment: Experiment) -> list[float]:
    """Losses that steps are counted to."""
    found = list(experiment.losses)
    for row in experiment.rows:
        if row.label == experiment.reference:
            found.append(statistics.median(map(best, bench.of(experiment, row))))
    return found


def steps_table(bench: Bench, experiment: Experiment) -> str:
    """Steps to every level, and the best loss, by row."""
    marks = levels(bench, experiment)
    head = ["", *(f"steps to {mark:.3g}" for mark in marks), "best loss"]

    def line(row: Row) -> list[str]:
        runs = bench.of(experiment, row)
        counts = [spread([steps_to(run, mark) for run in runs]) for mark in marks]
        return [row.label, *counts, spread([best(run) for run in runs])]

    return markdown(head, map(line, experiment.rows))


def gradient_table(bench: Bench, experiment: Experiment) -> str:
    """Gradient at some lags as a share of that at lag 0 (medians), reach and Lyapunov exponent."""
    head = ["", *(f"lag {lag}" for lag in SHOWN_LAGS), "reach, steps", "Lyapunov, 1/steps"]

    def line(row: Row) -> list[str]:
        runs = bench.of(experiment, row)
        shares = [
            statistics.median(run["gradient"][LAGS.index(lag)] / run["gradient"][0] for run in runs)
            for lag in SHOWN_LAGS
        ]
        exponent = statistics.median(run["lyapunov"] for run in runs)
        reach = spread([run["reach"] for run in runs])
        return [row.label, *(f"{share:.1g}" for share in shares), reach, f"{exponent:.2g}"]

    return markdown(head, map(line, experiment.rows))


def rates_table(bench: Bench, experiment: Experiment) -> str:
    """Best loss and the one that training ended with: a line by rate, two columns by cell."""
    found: dict[str, list[str]] = {}
    kinds = list(dict.fromkeys(row.label.partition(", ")[0] for row in experiment.rows))
    for row in experiment.rows:
        runs = bench.of(experiment, row)
        ends = [last(run) for run in runs]
        broken = sum(map(math.isinf, ends))
        note = f" ({broken} of {len(ends)} broke)" if broken else ""
        cells = [spread([best(run) for run in runs]), spread(ends) + note]
        found.setdefault(row.label.partition(", ")[2], []).extend(cells)
    head = [f"{kind}, {what}" for kind in kinds for what in ("best", "at the end")]
    return markdown(["", *head], ([rate, *cells] for rate, cells in found.items()))


def pairs_table(bench: Bench, experiment: Experiment) -> str:
    """A plain and a normalised cell from the same draws, side by side: steps, and best losses.

    Steps are counted to the levels of the experiment and to the best of the plain cell, median of
    its seeds.
    """
    head = ["", *(f"{kind} to {mark:g}" for mark in experiment.losses for kind in PAIR)]
    head += [
        "best of none",
        *(f"{kind} to it" for kind in PAIR),
        *(f"{kind}, best" for kind in PAIR),
    ]
    lines, rows = [], experiment.rows
    for plain, normal in zip(rows[::2], rows[1::2], strict=True):
        pair = [bench.of(experiment, row) for row in (plain, normal)]
        own = statistics.median(map(best, pair[0]))

        def counts(mark: float, pair: list[list[Measured]] = pair) -> list[str]:
            return [spread([steps_to(run, mark) for run in runs]) for runs in pair]

        line = [plain.label.partition(", ")[2]]
        for mark in experiment.losses:
            line += counts(mark)
        bests = [spread([best(run) for run in runs]) for runs in pair]
        lines.append([*line, f"{own:.2g}", *counts(own), *bests])
    return markdown(head, lines)


def accuracy_table(bench: Bench, experiment: Experiment) -> str:
    """Accuracy on the test span in per cent, of every seed."""
    head = ["", *(f"seed {seed}" for seed in range(bench.seeds)), "median"]

    def line(row: Row) -> list[str]:
        shares = [100 * run["accuracy"] for run in bench.of(experiment, row)]
        return [row.label, *(f"{share:.1f}" for share in (*shares, statistics.median(shares)))]

    return markdown(head, map(line, experiment.rows))


def invariance_table() -> str:
    """Largest change of the output, by cell and by what was multiplied."""
    head, rows = invariance_rows()
    return markdown(head, rows)


KINDS: dict[str, Callable[[Bench, Experiment], str]] = {
    "same": pairs_table,
    "same_co2": pairs_table,
    "same_classes": accuracy_table,
    "steps": steps_table,
    "co2": steps_table,
    "scales": steps_table,
    "variants": steps_table,
    "start": gradient_table,
    "trained": gradient_table,
    "rates": rates_table,
    "sunspots": rates_table,
}


def table(bench: Bench, name: str) -> str:
    """The table of an experiment whose runs are all there, or of the invariance."""
    if name == "invariance":
        return invariance_table()
    return KINDS[name](bench, EXPERIMENTS[name])
