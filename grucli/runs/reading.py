"""The verbs that start from a checkpoint alone: evaluate and predict."""

from pathlib import Path

import torch

from grucli import build
from grucli.checkpoint import Checkpoint, load_checkpoint, recipe_of
from grucli.data import Frequency, Panel, Scaler, Span, latest_context
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.results import Forecast, ForecastExample, Scores, SplitName
from grucli.runs.device import use_kernel
from grucli.runs.examples import newest_examples, window_examples
from grucli.runs.scoring import Yardstick, score_model
from grucli.tasks.forecast.predict import forecast_ahead


def restore(path: str | Path) -> tuple[Checkpoint, Recipe, Forecaster]:
    """A checkpoint, its recipe and its model. Raises CheckpointError where they do not agree."""
    use_kernel("auto")
    checkpoint = load_checkpoint(path)
    recipe = recipe_of(checkpoint, path)
    model = build.restore_forecaster(recipe, checkpoint.weights, source=str(path))
    return checkpoint, recipe, model


def read_panel(checkpoint: Checkpoint, recipe: Recipe, data: str | bytes | None) -> Panel:
    """The table to read, checked against what the model was trained on."""
    trained = Frequency.from_plain(checkpoint.frequency)
    if isinstance(data, bytes):
        panel = build.build_panel_from_csv(recipe.data, data, "the table", expected=trained)
    else:
        panel = build.build_panel_of(recipe.data, data, expected=trained)
    if panel.frequency != trained:
        raise DataError(
            f"{panel.source}: rows are {panel.frequency.words}; the model was trained on "
            f"{trained.words}; resample the table"
        )
    return panel


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
    saved, recipe, model = restore(checkpoint)
    panel = read_panel(saved, recipe, data)
    yardstick = Yardstick.of_checkpoint(saved)
    scaler, fit_on = yardstick.scaler, None
    if split == "all":
        whole = Span(0, len(panel.values))
        windows = build.build_span_windows(
            recipe, panel, scaler, whole, lookback=False, device="cpu"
        )
    else:
        dataset = build.build_dataset(recipe, panel, device="cpu", scaler=scaler)
        windows, fit_on = dataset.windows(split), (dataset.train, dataset.valid)
    scores = score_model(model, windows, recipe, yardstick=yardstick, split=split, fit_on=fit_on)
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
    saved, recipe, model = restore(checkpoint)
    panel = read_panel(saved, recipe, data)
    scaler = Scaler.from_plain(saved.scaler)
    forecast = _predict(recipe, model, panel, scaler, horizon=horizon)
    return forecast, newest_examples(forecast, panel, context_steps=recipe.task.context)


def _predict(
    recipe: Recipe, model: Forecaster, panel: Panel, scaler: Scaler, *, horizon: int | None
) -> Forecast:
    targets = len(recipe.data.target)
    steps = recipe.task.horizon if horizon is None else horizon
    if steps > recipe.task.horizon and recipe.data.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {recipe.task.horizon} steps and reads past "
            f"columns ({', '.join(recipe.data.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )
    context = latest_context(
        panel,
        scaler,
        context_steps=recipe.task.context,
        flags=recipe.data.missing == "mask",
        device=torch.device("cpu"),
    )
    scaled = forecast_ahead(model, context, steps=steps, targets=targets)
    values = scaler.unscale(scaled.double()).numpy()
    frequency = panel.frequency
    return Forecast(
        time=panel.time,
        timestamps=tuple(map(frequency.format, frequency.future(panel.timestamps[-1], steps))),
        columns=recipe.data.target,
        values={
            name: tuple(float(value) for value in values[:, index])
            for index, name in enumerate(recipe.data.target)
        },
    )
