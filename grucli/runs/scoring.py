"""Score a model beside the baselines on one span of a data set."""

from grucli.build import Dataset
from grucli.data import Scaler, Windows
from grucli.engine.evaluation import Scale, as_scores, baseline_predictors, model_predictor, score
from grucli.engine.metrics import ErrorSums
from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.reports import Scores


def error_sums(
    model: Forecaster,
    dataset: Dataset,
    recipe: Recipe,
    *,
    scale: Scale,
    season: int | None,
    split: str,
) -> tuple[dict[str, ErrorSums], Windows]:
    """Error sums of ``model`` and of every baseline over all windows of one span, and these."""
    windows = dataset.windows(split)
    predictors = baseline_predictors(
        windows,
        targets=len(recipe.data.target),
        season=season,
        fit_on=(dataset.train, dataset.valid),
    )
    predictors["model"] = model_predictor(model)
    sums = score(predictors, windows, dataset.scaler, scale, width=model.width)
    return sums, windows


def score_model(
    model: Forecaster,
    dataset: Dataset,
    recipe: Recipe,
    *,
    scale: Scale,
    season: int | None,
    split: str,
) -> Scores:
    """Errors of the model and of every baseline over all windows of one span of ``dataset``."""
    sums, windows = error_sums(model, dataset, recipe, scale=scale, season=season, split=split)
    return as_scores(sums, windows, split=split, season=season, targets=recipe.data.target)


def score_whole(
    model: Forecaster,
    windows: Windows,
    recipe: Recipe,
    *,
    scaler: Scaler,
    scale: Scale,
    season: int | None,
) -> Scores:
    """Errors over every window of a whole table, without the baseline that needs training."""
    targets = recipe.data.target
    predictors = baseline_predictors(windows, targets=len(targets), season=season, fit_on=None)
    predictors["model"] = model_predictor(model)
    sums = score(predictors, windows, scaler, scale, width=model.width)
    return as_scores(sums, windows, split="all", season=season, targets=targets)
