"""The verbs that start from a checkpoint alone: evaluate and predict."""

from dataclasses import replace
from pathlib import Path

from grucli.results import AnyScores, ForecastExample, Prediction, SplitName
from grucli.runs.opened import open_table


def evaluate(
    checkpoint: str | Path, data: str | bytes | None = None, *, split: SplitName = "test"
) -> AnyScores:
    """Score a checkpoint beside the baselines on a table (default: the recipe's own).

    The recipe's split rule is applied to the table; ``all`` takes every sample and leaves out what
    would need a training span. ``data`` is a path, ``-`` or the bytes of a CSV.
    """
    return evaluate_with_examples(checkpoint, data, split=split, examples=0)[0]


def evaluate_with_examples(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    split: SplitName = "test",
    examples: int,
) -> tuple[AnyScores, tuple[ForecastExample, ...]]:
    """The same scores, and so many of the predictions that they were taken over."""
    opened = open_table(checkpoint, data, judged=split)
    scores = opened.task.score(opened.model, opened.data, split=split)
    notes = (*opened.panel.notes, *(() if split == "all" else opened.data.notes))
    scores = replace(scores, notes=(*notes, *scores.notes))
    return scores, opened.task.examples(opened.model, opened.data, split=split, count=examples)


def predict(
    checkpoint: str | Path, data: str | bytes | None = None, *, horizon: int | None = None
) -> Prediction:
    """What a checkpoint makes of a table (default: the recipe's own): of a forecast, the steps
    beyond its end in original units.

    One context of history is enough. ``horizon`` (default: the trained one) may be longer, which
    feeds forecasts back. Raises DataError when the history is too short.
    """
    return predict_with_context(checkpoint, data, horizon=horizon)[0]


def predict_with_context(
    checkpoint: str | Path, data: str | bytes | None = None, *, horizon: int | None = None
) -> tuple[Prediction, tuple[ForecastExample, ...]]:
    """The same prediction, and each part of it beside the rows it was made from."""
    opened = open_table(checkpoint, data)
    prediction = opened.task.predict(opened.model, opened.data, horizon=horizon)
    prediction = replace(prediction, notes=(*opened.panel.notes, *prediction.notes))
    return prediction, opened.task.prediction_examples(prediction, opened.data)
