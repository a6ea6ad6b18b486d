"""Scores on screen: the model beside the baselines, and whether it is worth having."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from rich.text import Text

from grucli.cli.kit.charts import BEST_STYLE, sparkline
from grucli.cli.kit.lines import Lines
from grucli.cli.kit.words import (
    NONE,
    align_decimals,
    clean,
    digits,
    percent,
    plural,
    shorten,
)
from grucli.results import AnyScores, MetricSet, Scores

ORIGINAL = ("mse", "rmse", "mae", "mape", "smape", "mase", "r2")
SCALED = ("scaled_mse", "scaled_mae")
BRIEF = ("rmse", "mae", "mase", "r2", "scaled_mse")
SHOWN_STEPS = 12
NAME_WIDTH = 24
_HEADS = {"mape": "mape %", "smape": "smape %", "scaled_mse": "scaled mse"}
_HEADS |= {"scaled_mae": "scaled mae", "balanced_accuracy": "balanced acc."}
_HEADS |= {"macro_f1": "macro F1", "log_loss": "log loss", "calibration_error": "calib. error"}
_LARGE_IS_GOOD = {"r2", "accuracy", "balanced_accuracy", "macro_f1"}
_UNDEFINED = {
    "mape": "the truth holds a zero",
    "smape": "truth and forecast are both zero",
    "mase": "the training span gives no seasonal naive error to divide by",
    "r2": "the truth is constant",
}


def score_numbers(scores: Scores) -> dict[str, float | None]:
    """Name every number: ``mase`` of the model, ``naive.mase``, ``step3.rmse``, ``column.co2.mae``.

    Steps count from 1.
    """
    groups = {"": scores.model}
    groups |= {f"{name}.": metrics for name, metrics in scores.baselines.items()}
    groups |= {f"step{number}.": metrics for number, metrics in enumerate(scores.by_step, 1)}
    groups |= {f"column.{name}.": metrics for name, metrics in scores.by_column.items()}
    return {
        prefix + metric: value
        for prefix, metrics in groups.items()
        for metric, value in asdict(metrics).items()
    }


def render_scores(
    scores: Scores,
    by: Literal["step", "column"] | None = None,
    width: int = 80,
) -> Lines:
    """Lay scores out as lines of at most ``width`` characters.

    The best of each metric carries a star; ``by`` adds the model's errors by horizon step or by
    target column.
    """
    rows = forecasters(scores)
    lines = [Text(line, style="dim") for line in _caption(scores, width)]
    lines += [Text(), *metric_table(rows, ORIGINAL, width, stars=True)]
    lines += [Text(), *metric_table(rows, SCALED, width, stars=True), Text()]
    lines += [Text(line, style="dim") for line in _footnotes(rows, width)]
    lines += verdict(scores, width)
    if by == "step":
        lines += [Text(), *_by_step(scores, width)]
    if by == "column":
        columns = {clean(name): metrics for name, metrics in scores.by_column.items()}
        lines += [Text(), Text("Model by column", style="bold")]
        lines += metric_table(columns, ORIGINAL, width)
    return Lines(lines)


def forecasters(scores: AnyScores) -> dict[str, Any]:
    """The model first, then the baselines, under the names that people read."""
    baselines = {name.replace("_", " "): metrics for name, metrics in scores.baselines.items()}
    return {"model": scores.model} | baselines


def metric_table(
    rows: Mapping[str, Any], metrics: Sequence[str], width: int, *, stars: bool = False
) -> list[Text]:
    """Draw one row for each name and one column for each metric, four significant digits each.

    Columns that do not fit beside each other follow in a further block. With ``stars`` the best
    of each metric is marked.
    """
    names = [shorten(name, NAME_WIDTH) for name in rows]
    left = max(map(len, names), default=0) + 2
    blocks: list[list[list[Text]]] = [[]]
    used = left
    for metric in metrics:
        column = _column(metric, [getattr(row, metric) for row in rows.values()], stars)
        if used + len(column[0]) > width and blocks[-1]:
            blocks.append([])
            used = left
        blocks[-1].append(column)
        used += len(column[0])
    heads = [Text(" " * left)]
    for name in names:
        is_model = stars and name == "model"
        mark = "▸" if is_model else " "
        heads.append(Text(f"{mark} {name}".ljust(left), style="bold" if is_model else ""))
    lines: list[Text] = []
    for block in blocks:
        lines += [Text()] if lines else []
        lines += [Text.assemble(*cells) for cells in zip(heads, *block, strict=True)]
    return lines


def _column(metric: str, values: Sequence[float | None], stars: bool) -> list[Text]:
    """Header and cells of one metric, all of one width, each with room for a star."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    best = (max if metric in _LARGE_IS_GOOD else min)(known) if stars and len(known) > 1 else None
    numbers = align_decimals([digits(value) for value in values])
    head = _HEADS.get(metric, metric)
    room = max(len(head), *(len(number) for number in numbers))
    column = [Text(f" {head:>{room}} ", style="dim")]
    for value, number in zip(values, numbers, strict=True):
        wins = best is not None and value == best
        text = number if value is not None else NONE.rjust(len(number))
        column.append(Text(f" {text:>{room}}{'*' if wins else ' '}", BEST_STYLE if wins else ""))
    return column


def _caption(scores: Scores, width: int) -> list[str]:
    season = scores.season_steps
    parts = [
        f"{scores.split}: {plural(scores.windows, 'window')} of "
        f"{plural(scores.horizon_steps, 'step')}",
        f"{plural(scores.values, 'value')} compared",
        "no season" if season is None else f"season of {plural(season, 'step')}",
    ]
    return textwrap.wrap(" · ".join(parts), width)


def _footnotes(rows: Mapping[str, MetricSet], width: int) -> list[str]:
    """What the star and the dashes mean."""
    notes = ["* best of its column; scaled: in units of the scaler, as papers report"]
    for metric, reason in _UNDEFINED.items():
        if any(getattr(row, metric) is None for row in rows.values()):
            notes.append(f"{NONE} {metric} is not defined: {reason}")
    return [line for note in notes for line in textwrap.wrap(note, width)]


def verdict(scores: Scores, width: int) -> list[Text]:
    """Say plainly whether the model beats the strongest forecast that learns nothing."""
    if not any(name != "ridge" for name in scores.baselines):
        return []
    name, naive = scores.best_naive
    ours, theirs = scores.model.rmse, naive.rmse
    wins = scores.model.mse < naive.mse
    strongest = name.replace("_", " ")
    others = sum(other != "ridge" for other in scores.baselines) > 1
    whose = strongest + (", the strongest naive forecast" if others else "")
    sentence = (
        f"The model {'beats' if wins else 'does not beat'} naive: "
        f"rmse {digits(ours)}, {_against(ours, theirs)} of {whose}."
    )
    ridge = scores.baselines.get("ridge")
    if ridge is not None and not scores.model.mse <= ridge.mse:
        sentence += f" Ridge regression is better than the model: rmse {digits(ridge.rmse)}."
    style = "bold green" if wins else "bold yellow"
    return [Text(line, style=style) for line in textwrap.wrap(sentence, width)]


def _against(ours: float, theirs: float) -> str:
    """Compare two errors in words that go on with ``of`` and a name."""
    if ours == theirs:
        return "the same as that"
    if theirs == 0 or not math.isfinite(ours):
        return f"against {digits(theirs)}"
    if ours >= 10 * theirs:
        return f"{ours / theirs:,.0f} times the {digits(theirs)}"
    gap = percent(abs(ours / theirs - 1))
    return f"{gap} {'below' if ours < theirs else 'above'} the {digits(theirs)}"


def _by_step(scores: Scores, width: int) -> list[Text]:
    """The model's errors at some steps of the horizon, and the course of rmse over all of them."""
    total = len(scores.by_step)
    shown: Sequence[int] = range(total)
    title = "Model by horizon step"
    if total > SHOWN_STEPS:
        places = (index * (total - 1) / (SHOWN_STEPS - 1) for index in range(SHOWN_STEPS))
        shown = sorted({round(place) for place in places})
        title += f" ({len(shown)} of {total}; --json has all)"
    rows = {f"step {index + 1:>{len(str(total))}}": scores.by_step[index] for index in shown}
    rmse = [metrics.rmse for metrics in scores.by_step]
    ends = f"rmse  {digits(rmse[0])} "
    room = min(width - len(ends) - 10, 48)
    line = Text.assemble(ends, (sparkline(rmse, room), "cyan"), f" {digits(rmse[-1])}")
    line = line if total > 1 else Text()
    return [Text(title, style="bold"), *metric_table(rows, ORIGINAL, width), Text(), line]
