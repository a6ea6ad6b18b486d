"""Score a model and the baselines on the same windows, every window counted."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.data import Scaler
from grucli.nn import Forecaster
from grucli.results import Scores
from grucli.tasks.forecast.baselines import Predictor, drift, fit_ridge, naive, seasonal_naive
from grucli.tasks.forecast.batches import evaluation_batches
from grucli.tasks.forecast.metrics import Array, ErrorSums, columns_of
from grucli.tasks.forecast.samples import Windows


@dataclass(frozen=True)
class Scale:
    """What turns errors into comparable numbers, all [C_out]: from the training span only."""

    spread: Array
    offset: Array
    naive_mae: Array

    @classmethod
    def of(cls, targets: Scaler, naive_mae: Array) -> "Scale":
        """From the scaler of the targets alone, and their in-sample errors."""
        return cls(targets.spread, targets.center, naive_mae)


def model_predictor(model: Forecaster) -> Predictor:
    """A trained model as a baseline-like function, without gradients or dropout."""
    model.eval()

    def predict(context: Tensor) -> Tensor:
        with torch.inference_mode():
            forecast: Tensor = model(context)
        return forecast

    return predict


def baseline_predictors(
    windows: Windows, *, season: int | None, fit_on: tuple[Windows, Windows] | None
) -> dict[str, Predictor]:
    """The baselines that these windows admit.

    The seasonal one needs a season that fits into the context; ridge needs the training and
    validation windows of ``fit_on``.
    """
    horizon, columns = windows.horizon_steps, windows.columns
    found: dict[str, Predictor] = {"naive": naive(horizon, columns)}
    if season is not None and season <= windows.context_steps:
        found["seasonal_naive"] = seasonal_naive(horizon, columns, season)
    found["drift"] = drift(horizon, columns)
    if fit_on is not None:
        found["ridge"] = fit_ridge(*fit_on)
    return found


def score(
    predictors: Mapping[str, Predictor],
    windows: Windows,
    scaler: Scaler,
    scale: Scale,
    *,
    width: int,
) -> dict[str, ErrorSums]:
    """Error sums of every predictor over all windows, in original units.

    ``width`` (``Forecaster.width``) says how many windows fit into a batch.
    """
    sums = {
        name: ErrorSums(windows.horizon_steps, scale.spread, scale.offset, scale.naive_mae)
        for name in predictors
    }
    of_targets = scaler.only(windows.columns.targets)
    for rows in evaluation_batches(windows, width):
        batch = windows.gather(rows)
        truth = windows.truth(rows)
        for name, predict in predictors.items():
            forecast = of_targets.unscale(predict(batch.context).double())
            sums[name].add(forecast, truth, batch.weight)
    return sums


def as_scores(
    sums: Mapping[str, ErrorSums],
    windows: Windows,
    *,
    split: str,
    season: int | None,
) -> Scores:
    """Read the sums of ``model`` and of everything else as baselines."""
    model = sums["model"]
    return Scores(
        split=split,
        windows=len(windows),
        values=model.values,
        horizon_steps=model.horizon,
        season_steps=season,
        model=model.read(),
        baselines={name: sum_.read() for name, sum_ in sums.items() if name != "model"},
        by_step=tuple(model.read(step=step) for step in range(model.horizon)),
        by_column=columns_of(model, windows.columns.targets),
    )
