"""Score a model beside the baselines on one span of a data set."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from grucli.checkpoint import Checkpoint
from grucli.data import Panel, Scaler
from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.results import Scores
from grucli.tasks.forecast.metrics import ErrorSums, naive_in_sample_mae
from grucli.tasks.forecast.samples import Dataset, Windows
from grucli.tasks.forecast.score import (
    Scale,
    as_scores,
    baseline_predictors,
    model_predictor,
    score,
)
from grucli.tasks.forecast.season import common_season


@dataclass(frozen=True)
class Yardstick:
    """What errors are measured with, all from the training span; ``season`` is in steps."""

    scaler: Scaler
    scale: Scale
    season: int | None

    @classmethod
    def of_training(cls, recipe: Recipe, panel: Panel, dataset: Dataset) -> "Yardstick":
        """That of the training span; the season is the first target's."""
        columns, span = panel.columns, dataset.split.train
        targets = columns.target_places
        first = (rows[:, targets.start] for rows in span.parts(panel.values))
        season = recipe.task.season or common_season(first, panel.frequency.calendar_season)
        series = zip(
            span.parts(panel.values[:, targets]),
            span.parts(panel.observed[:, targets]),
            strict=True,
        )
        naive_mae = naive_in_sample_mae(series, len(columns.targets), season)
        scale = Scale.of(dataset.scaler.only(columns.targets), naive_mae)
        return cls(dataset.scaler, scale, season)

    @classmethod
    def of_checkpoint(cls, saved: Checkpoint, recipe: Recipe) -> "Yardstick":
        """That of the run that wrote the checkpoint."""
        scaler, facts = Scaler.from_plain(saved.scaler), saved.task["facts"]
        targets = scaler.only(recipe.data.columns.targets)
        scale = Scale.of(targets, np.asarray(facts["naive_mae"]))
        return cls(scaler, scale, facts["season_steps"])

    def to_facts(self) -> dict[str, Any]:
        """What a checkpoint keeps of it beside the scaler, as plain values."""
        naive_mae = [float(value) for value in self.scale.naive_mae]
        return {"season_steps": self.season, "naive_mae": naive_mae}


def error_sums(
    model: Forecaster,
    windows: Windows,
    *,
    yardstick: Yardstick,
    fit_on: tuple[Windows, Windows] | None,
) -> dict[str, ErrorSums]:
    """Error sums of ``model`` and of every baseline over all windows.

    The baseline that needs training gets the training and validation windows of ``fit_on``, and
    is left out where this is None.
    """
    predictors = baseline_predictors(windows, season=yardstick.season, fit_on=fit_on)
    predictors["model"] = model_predictor(model)
    return score(predictors, windows, yardstick.scaler, yardstick.scale, width=model.width)


def score_model(
    model: Forecaster,
    windows: Windows,
    *,
    yardstick: Yardstick,
    split: str,
    fit_on: tuple[Windows, Windows] | None,
) -> Scores:
    """Errors of the model and of every baseline over all windows; see ``error_sums``."""
    sums = error_sums(model, windows, yardstick=yardstick, fit_on=fit_on)
    return as_scores(sums, windows, split=split, season=yardstick.season)
