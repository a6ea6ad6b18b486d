"""Score a model beside the baselines on one span of a data set."""

from dataclasses import dataclass

import numpy as np

from grucli.checkpoint import Checkpoint
from grucli.data import Scaler, Windows
from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.results import Scores
from grucli.tasks.forecast.baselines import Setting, baseline_predictors
from grucli.tasks.forecast.score import Scale, as_scores, model_predictor, score
from grucli.tasks.forecast.sums import ErrorSums


@dataclass(frozen=True)
class Yardstick:
    """What errors are measured with, all from the training span; ``season`` is in steps."""

    scaler: Scaler
    scale: Scale
    season: int | None

    @classmethod
    def of_checkpoint(cls, saved: Checkpoint) -> "Yardstick":
        """That of the run that wrote the checkpoint."""
        scaler = Scaler.from_plain(saved.scaler)
        return cls(scaler, Scale.of(scaler, np.asarray(saved.naive_mae)), saved.season_steps)


def error_sums(
    model: Forecaster,
    windows: Windows,
    recipe: Recipe,
    *,
    yardstick: Yardstick,
    fit_on: tuple[Windows, Windows] | None,
) -> dict[str, ErrorSums]:
    """Error sums of ``model`` and of every baseline over all windows.

    The baseline that needs training gets the training and validation windows of ``fit_on``, and
    is left out where this is None.
    """
    setting = Setting(windows, len(recipe.data.target), yardstick.season, fit_on)
    predictors = baseline_predictors(setting)
    predictors["model"] = model_predictor(model)
    return score(predictors, windows, yardstick.scaler, yardstick.scale, width=model.width)


def score_model(
    model: Forecaster,
    windows: Windows,
    recipe: Recipe,
    *,
    yardstick: Yardstick,
    split: str,
    fit_on: tuple[Windows, Windows] | None,
) -> Scores:
    """Errors of the model and of every baseline over all windows; see ``error_sums``."""
    sums = error_sums(model, windows, recipe, yardstick=yardstick, fit_on=fit_on)
    return as_scores(
        sums, windows, split=split, season=yardstick.season, targets=recipe.data.target
    )
