"""Scores on screen: the model beside the baselines, and whether it is worth having."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from rich.text import Text

from grucli.cli.kit.charts import BEST_STYLE, sparkline
from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import NONE, align_decimals, digits
from grucli.cli.kit.page import Screen, draw_columns
from grucli.cli.views.hints import hints
from grucli.cli.views.intervals import interval_numbers, interval_table
from grucli.cli.views.verdict import verdict
from grucli.results import (
    ROWS_BEFORE,
    AnyScores,
    ClassMetrics,
    ClassScores,
    Metric,
    MetricSet,
    NumberScores,
    Scores,
    rows_of,
)
from grucli.text import clean, plural, shorten

_OF_FORECASTS = rows_of(MetricSet, Metric)
METRICS = _OF_FORECASTS | rows_of(ClassMetrics, Metric)
ORIGINAL = [name for name, metric in _OF_FORECASTS.items() if not metric.is_scaled]
SCALED = [name for name, metric in _OF_FORECASTS.items() if metric.is_scaled]
BRIEF = ("rmse", "mae", "mase", "r2", "scaled_mse")
"""Those that the end of a run shows of every forecaster."""

NAME_WIDTH = 24
_GAP = 1


def score_numbers(scores: Scores) -> dict[str, float | None]:
    """Name every number: ``mase`` of the model, ``naive.mase``, ``step3.rmse``, ``column.co2.mae``.

    Steps count from 1. ``skill.ridge`` is by how much the mean squared error is below that of ridge
    regression, as a share, between ``skill.ridge.low`` and ``skill.ridge.high``.
    """
    groups = {"": scores.model}
    groups |= {f"{name}.": metrics for name, metrics in scores.baselines.items()}
    groups |= {f"step{number}.": metrics for number, metrics in enumerate(scores.by_step, 1)}
    groups |= {f"column.{name}.": metrics for name, metrics in scores.by_column.items()}
    numbers = {
        prefix + metric: value
        for prefix, metrics in groups.items()
        for metric, value in asdict(metrics).items()
    }
    for name, comparison in scores.comparisons.items():
        skill = {"": comparison.skill, ".low": comparison.low, ".high": comparison.high}
        numbers |= {f"skill.{name}{part}": value for part, value in skill.items()}
    return numbers | interval_numbers(scores)


def render_scores(
    scores: Scores,
    by: Literal["step", "column"] | None = None,
    width: int = 80,
) -> Screen:
    """Lay scores out as lines of at most ``width`` characters.

    The best of each metric carries a star; ``by`` adds the model's errors by horizon step or by
    target column.
    """
    return Screen(width, lambda page: _content(scores, by, page.width))


def _content(scores: Scores, by: Literal["step", "column"] | None, width: int) -> list[Text]:
    rows = forecasters(scores)
    lines = [Text(line, style="dim") for line in _caption(scores, width)]
    original = _original(scores)
    lines += [Text(), *metric_table(rows, original, width, stars=True)]
    lines += [Text(), *metric_table(rows, SCALED, width, stars=True), Text()]
    lines += [Text(line, style="dim") for line in _footnotes(rows, width)]
    lines += left_out_lines(scores.left_out, width)
    lines += [*interval_table(scores.intervals), *verdict(scores, width, every=True)]
    lines += hints(scores.hints, width)
    if by == "step":
        lines += [Text(), *_by_step(scores, width)]
    if by == "column":
        columns = {clean(name): metrics for name, metrics in scores.by_column.items()}
        lines += [Text(), Text("Model by column", style="bold")]
        lines += metric_table(columns, original, width)
    return lines


def _original(scores: Scores) -> list[str]:
    """The metrics in original units that say something of the model."""
    every = scores.model.has_chances
    return [name for name in ORIGINAL if every or not _OF_FORECASTS[name].of_chances]


def brief(scores: Scores) -> tuple[str, ...]:
    """The metrics that the end of a run shows."""
    return (*BRIEF, "crps") if scores.model.has_chances else BRIEF


def forecasters(scores: AnyScores) -> dict[str, Any]:
    """The model first, then the baselines, under the names that people read."""
    baselines = {_shown(name): metrics for name, metrics in scores.baselines.items()}
    return {"model": scores.model} | baselines


def _shown(baseline: str) -> str:
    """The name of a baseline in a table."""
    return baseline.replace("_", " ")


def judged_words(scores: ClassScores | NumberScores) -> str:
    """What was judged: how many sequences, and of a model that labels rows how many of these."""
    sequences = plural(scores.sequences, "sequence")
    return sequences if scores.rows is None else f"{plural(scores.rows, 'row')} of {sequences}"


def ridge_reads(scores: ClassScores | NumberScores) -> str:
    """What ridge regression saw of them."""
    if scores.rows is None:
        return "means and standard deviations"
    return f"each row and the {ROWS_BEFORE} before it"


def metric_table(
    rows: Mapping[str, Any], metrics: Sequence[str], width: int, *, stars: bool = False
) -> list[Text]:
    """Draw one row for each name and one column for each metric, four significant digits each.

    Columns that do not fit beside each other follow in a further block. With ``stars`` the best
    of each metric is marked.
    """
    marks = ["▸" if stars and name == "model" else " " for name in rows]
    names = Column(
        "",
        tuple(
            f"{mark} {shorten(name, NAME_WIDTH)}" for mark, name in zip(marks, rows, strict=True)
        ),
        numeric=False,
        styles=tuple("bold" if mark == "▸" else "" for mark in marks),
    )
    blocks: list[list[Column]] = [[names]]
    for metric in metrics:
        column = _column(metric, [getattr(row, metric) for row in rows.values()], stars)
        used = sum(shown.width + _GAP for shown in blocks[-1])
        if used + column.width > width and len(blocks[-1]) > 1:
            blocks.append([names])
        blocks[-1].append(column)
    lines = draw_columns(blocks[0], gap=_GAP)
    for block in blocks[1:]:
        lines += [Text(), *draw_columns(block, gap=_GAP)]
    return lines


def _column(metric: str, values: Sequence[float | None], stars: bool) -> Column:
    """One metric, each number with room for a star."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    row = METRICS[metric]
    choose = max if row.better == "higher" else min
    best = choose(known) if stars and len(known) > 1 else None
    wins = [best is not None and value == best for value in values]
    numbers = align_decimals([digits(value) for value in values])
    texts = [
        number if value is not None else NONE.rjust(len(number))
        for value, number in zip(values, numbers, strict=True)
    ]
    head = f"{row.words or metric} {row.unit}".rstrip()
    room = max(len(head), *map(len, texts))
    return Column(
        f"{head:>{room}} ",
        tuple(
            f"{text:>{room}}{'*' if won else ' '}" for text, won in zip(texts, wins, strict=True)
        ),
        numeric=False,
        styles=tuple(BEST_STYLE if won else "" for won in wins),
    )


def _caption(scores: Scores, width: int) -> list[str]:
    parts = [
        f"{scores.split}: {plural(scores.windows, 'window')} of "
        f"{plural(scores.horizon_steps, 'step')}",
        f"{plural(scores.values, 'value')} compared",
    ]
    return [*textwrap.wrap(" · ".join(parts), width), *_season(scores, width)]


def _season(scores: Scores, width: int) -> list[str]:
    """What seasonal naive repeats and mase divides by, and why."""
    steps = scores.season_steps
    what = "no season" if steps is None else f"season of {plural(steps, 'step')}"
    why = f": {clean(scores.season_reason)}" if scores.season_reason else ""
    return textwrap.wrap(what + why, width, subsequent_indent="  ")


def _footnotes(rows: Mapping[str, MetricSet], width: int) -> list[str]:
    """What the star and the dashes mean."""
    notes = ["* best of its column; scaled: in units of the scaler, as papers report"]
    for name, metric in _OF_FORECASTS.items():
        if any(getattr(row, name) is None for row in rows.values()):
            notes.append(f"{NONE} {name} is not defined: {metric.undefined}")
    return [line for note in notes for line in textwrap.wrap(note, width)]


def left_out_lines(left_out: Mapping[str, str], width: int) -> list[Text]:
    """A sentence on each baseline that is not in a table."""
    sentences = (f"{_shown(name)} is left out: {clean(why)}" for name, why in left_out.items())
    return [Text(line, style="dim") for text in sentences for line in textwrap.wrap(text, width)]


def _by_step(scores: Scores, width: int) -> list[Text]:
    """The model's errors at every step of the horizon, and the course of rmse over them."""
    total = len(scores.by_step)
    rows = {
        f"step {number:>{len(str(total))}}": metrics
        for number, metrics in enumerate(scores.by_step, 1)
    }
    rmse = [metrics.rmse for metrics in scores.by_step]
    ends = f"rmse  {digits(rmse[0])} "
    room = min(width - len(ends) - 10, 48)
    line = Text.assemble(ends, (sparkline(rmse, room), "cyan"), f" {digits(rmse[-1])}")
    line = line if total > 1 else Text()
    title = Text("Model by horizon step", style="bold")
    return [title, *metric_table(rows, _original(scores), width), Text(), line]
