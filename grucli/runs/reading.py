"""The verbs that start from a checkpoint alone: evaluate and predict."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grucli.data import Table
from grucli.errors import UsageError
from grucli.results import AnyScores, ForecastExample, Prediction, Scores, SplitName
from grucli.runs.hints import score_hints
from grucli.runs.opened import (
    Opened,
    open_checkpoint,
    open_forecaster,
    open_table,
    with_table,
)
from grucli.runs.tables import read_future
from grucli.tasks import Intervals
from grucli.tasks.forecast.predict import horizon_of


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
    notes = (*opened.panel.notes, *(() if split == "all" else opened.data.notes))
    scores = replace(scores, notes=(*notes, *scores.notes))
    if isinstance(scores, Scores):
        scores = replace(scores, hints=score_hints(opened.recipe, scores))
    return scores, opened.task.examples(opened.model, opened.data, split=split, count=examples)


def predict(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    horizon: int | None = None,
    future: Any = None,
    levels: Sequence[float] = (),
) -> Prediction:
    """What a checkpoint makes of a table (default: the recipe's own): of a forecast, the steps
    beyond its end in original units.

    One context of history is enough. ``horizon`` (default: the trained one) may be longer, which
    feeds forecasts back. ``future`` is a table of the columns that are known in advance, for a
    model that reads some. ``levels`` in per cent are those of the intervals to give beside
    forecasts. Raises DataError when the history is too short.
    """
    return predict_with_context(checkpoint, data, horizon=horizon, future=future, levels=levels)[0]


def predict_with_context(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    horizon: int | None = None,
    future: Any = None,
    levels: Sequence[float] = (),
) -> tuple[Prediction, tuple[ForecastExample, ...]]:
    """The same prediction, and each part of it beside the rows it was made from."""
    opened = open_checkpoint(checkpoint)
    known = _known(opened, future)
    table = with_table(opened, data)
    intervals = Intervals(tuple(levels), opened.saved.calibration)
    prediction = opened.task.predict(
        opened.model, table.data, horizon=horizon, future=known, intervals=intervals
    )
    prediction = replace(prediction, notes=(*table.panel.notes, *prediction.notes))
    return prediction, opened.task.prediction_examples(prediction, table.data)


def _known(opened: Opened, future: Any) -> Table | None:
    """The table of the future that a model asks for."""
    names, path = opened.recipe.data.future, opened.path
    if future is None and names:
        raise UsageError(
            f"{path}: the model reads columns of the steps that it forecasts (data.future: "
            f"{', '.join(names)}); expected --future FILE; --future-template FILE writes the table "
            "to fill in"
        )
    if future is not None and not names:
        raise UsageError(
            f"--future: {path} reads no columns that are known in advance (data.future); leave it "
            "out"
        )
    return None if future is None else read_future(opened.recipe.data, future)


def future_template(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    horizon: int | None = None,
    path: str,
) -> bytes:
    """The table that ``future`` of ``predict`` takes, its values empty, as ``path`` is written."""
    opened = open_forecaster(checkpoint, verb="predict --future-template")
    recipe = opened.recipe.data
    if not recipe.future:
        raise UsageError(
            f"--future-template: {opened.path} reads no columns that are known in advance "
            "(data.future); there is nothing to fill in"
        )
    ahead = horizon_of(with_table(opened, data).data, horizon)
    return ahead.template(recipe.times, recipe.dialect, path=path)
