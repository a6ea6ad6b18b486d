"""Score a checkpoint, from the file alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grucli.results import AnyScores, ForecastExample, Scores, SplitName
from grucli.runs.hints import score_hints
from grucli.runs.opened import open_table
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
    scores = replace(scores, notes=(*notes, *scores.notes))
    if isinstance(scores, Scores):
        scores = replace(scores, hints=score_hints(opened.recipe, scores))
    return scores, opened.task.examples(opened.model, opened.data, split=split, count=examples)
