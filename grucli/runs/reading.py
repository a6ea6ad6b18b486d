"""Score a checkpoint, from the file alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grucli.results import AnyScores, ForecastExample, Scores, SplitName
from grucli.runs.hints import score_hints
from grucli.runs.opened import OpenedTable, open_table
from grucli.tasks import Intervals


def evaluate(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    split: SplitName = "test",
    levels: Sequence[float] = (),
) -> AnyScores:
    """Score a checkpoint beside the baselines on a table (default: the recipe's own).

    The recipe's split rule is applied to the table; ``all`` takes every sample and leaves out what
    would need a training span. ``data`` is a path, ``-`` or the bytes of a CSV. ``levels`` are
    those of intervals, in per cent; without any the usual ones are judged.
    """
    return evaluate_with_examples(checkpoint, data, split=split, examples=0, levels=levels)[0]


def evaluate_with_examples(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    split: SplitName = "test",
    examples: int,
    levels: Sequence[float] = (),
) -> tuple[AnyScores, tuple[ForecastExample, ...]]:
    """The same scores, and so many of the predictions that they were taken over."""
    opened = open_table(checkpoint, data, judged=split)
    intervals = Intervals(tuple(levels), opened.saved.calibration)
    scores = opened.task.score(opened.model, opened.data, split=split, intervals=intervals)
    notes = (*opened.notes, *opened.panel.notes, *(() if split == "all" else opened.data.notes))
    if data is not None or "refit" in opened.saved.progress:
        notes += _overlap(opened, split)
    scores = replace(scores, notes=(*notes, *scores.notes))
    if isinstance(scores, Scores):
        scores = replace(scores, hints=score_hints(opened.recipe, scores))
    return scores, opened.task.examples(
        opened.model, opened.data, split=split, count=examples, intervals=intervals
    )


def _overlap(opened: OpenedTable, split: SplitName) -> tuple[str, ...]:
    """That a table is judged where the model may have learned from it; older files do not tell,
    nor do tasks that deal out whole series.
    """
    until, judged = opened.saved.data.get("learned_until"), opened.data.extent(split)
    if not isinstance(until, str) or judged is None:
        return ()
    last, first = (opened.frequency.style.find(text) for text in (until, judged[0]))
    if last is None or first is None or first > last:
        return ()
    return (
        f"the model learned from times up to {until}, and is judged here on rows from "
        f"{judged[0]}: of the same series the scores are better than those of new rows",
    )
