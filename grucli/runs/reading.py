"""The verbs that start from a checkpoint alone: evaluate and predict."""

from pathlib import Path
from typing import Literal

import torch

from grucli.data import build_tensors, whole_span
from grucli.errors import UsageError
from grucli.results import Forecast, ForecastExample, Scores
from grucli.runs.examples import newest_examples, window_examples
from grucli.runs.opened import OpenedTable, open_table
from grucli.runs.scoring import Yardstick, score_model
from grucli.tasks.forecast.predict import forecast_ahead
from grucli.tasks.forecast.samples import build_dataset, build_windows, latest_contexts

SplitName = Literal["train", "valid", "test", "all"]


def evaluate(
    checkpoint: str | Path, data: str | bytes | None = None, *, split: SplitName = "test"
) -> Scores:
    """Score a checkpoint beside the baselines on a table (default: the recipe's own).

    The recipe's split rule is applied to the table; ``all`` takes every window and leaves out ridge
    regression, which needs a training span. ``data`` is a path, ``-`` or the bytes of a CSV.
    """
    return evaluate_with_examples(checkpoint, data, split=split, examples=0)[0]


def evaluate_with_examples(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    split: SplitName = "test",
    examples: int,
) -> tuple[Scores, tuple[ForecastExample, ...]]:
    """The same scores, and so many of the forecasts that they were taken over, column by column."""
    opened = open_table(checkpoint, data)
    recipe, model, panel = opened.recipe, opened.model, opened.panel
    yardstick = Yardstick.of_checkpoint(opened.saved, recipe)
    scaler, fit_on = yardstick.scaler, None
    if split == "all":
        tensors = build_tensors(panel, scaler, torch.device("cpu"))
        windows = build_windows(tensors, whole_span(panel), recipe.task)
    else:
        dataset = build_dataset(recipe, panel, device="cpu", scaler=scaler)
        windows, fit_on = dataset.windows(split), (dataset.train, dataset.valid)
    scores = score_model(model, windows, yardstick=yardstick, split=split, fit_on=fit_on)
    return scores, window_examples(model, windows, panel, scaler, count=examples)


def predict(
    checkpoint: str | Path, data: str | bytes | None = None, *, horizon: int | None = None
) -> Forecast:
    """Forecast beyond the end of a table (default: the recipe's own) in original units.

    One context of history is enough. ``horizon`` (default: the trained one) may be longer, which
    feeds forecasts back. Raises DataError when the history is too short.
    """
    return predict_with_context(checkpoint, data, horizon=horizon)[0]


def predict_with_context(
    checkpoint: str | Path, data: str | bytes | None = None, *, horizon: int | None = None
) -> tuple[Forecast, tuple[ForecastExample, ...]]:
    """The same forecast, and each of its columns beside the rows it was made from."""
    opened = open_table(checkpoint, data)
    forecast = _predict(opened, horizon=horizon)
    context_steps = opened.recipe.task.context
    return forecast, newest_examples(forecast, opened.panel, context_steps=context_steps)


def _predict(opened: OpenedTable, *, horizon: int | None) -> Forecast:
    recipe, model, panel, scaler = opened.recipe, opened.model, opened.panel, opened.scaler
    columns = panel.columns
    steps = recipe.task.horizon if horizon is None else horizon
    if steps > recipe.task.horizon and columns.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {recipe.task.horizon} steps and reads past "
            f"columns ({', '.join(columns.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )
    context = latest_contexts(
        panel, scaler, context_steps=recipe.task.context, device=torch.device("cpu")
    )
    scaled = forecast_ahead(model, context, columns, steps=steps)[0]
    values = scaler.only(columns.targets).unscale(scaled.double()).numpy()
    frequency = panel.frequency
    return Forecast(
        time=panel.time,
        timestamps=tuple(map(frequency.format, frequency.future(panel.timestamps[-1], steps))),
        columns=columns.targets,
        values={
            name: tuple(float(value) for value in values[:, index])
            for index, name in enumerate(columns.targets)
        },
    )
