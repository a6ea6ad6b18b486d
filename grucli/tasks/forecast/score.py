"""Score a model and the baselines on the same windows, every window counted."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from grucli.data import Scaler
from grucli.nn import Forecaster
from grucli.results import Scores, SplitName
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.forecast.baselines import Predictor, Setting, baseline_predictors
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.finite import check_finite
from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.samples import Windows
from grucli.tasks.forecast.sums import ErrorSums, columns_of
from grucli.tasks.forecast.verdict import Origins, compare_all


def model_predictor(model: Forecaster) -> Predictor:
    """A trained model as a baseline-like function, without gradients or dropout."""
    model.eval()

    def predict(context: Tensor, future: Tensor | None) -> Tensor:
        with torch.inference_mode():
            future = None if future is None else future.float()
            forecast: Tensor = model(context.float(), future)
        return forecast

    return predict


def error_sums(
    predictors: Mapping[str, Predictor],
    windows: Windows,
    scaler: Scaler,
    naive_mae: Array,
    *,
    width: int,
) -> dict[str, ErrorSums]:
    """Error sums of every predictor over all windows, in original units.

    ``naive_mae`` [C_out] is what mase divides by; ``width`` (``Forecaster.width``) says how many
    windows fit into a batch.
    """
    targets = scaler.only(windows.columns.targets)
    common = targets.at(np.array(0))
    sums = {
        name: ErrorSums(windows.horizon_steps, common.spread, common.center, naive_mae)
        for name in predictors
    }
    for rows in evaluation_batches(windows, width):
        batch = windows.gather(rows)
        truth = windows.truth(rows)
        own = targets.at(windows.samples.series_of(rows)[:, None])
        ratio = common.spread / own.spread if targets.is_by_series else None
        for name, predict in predictors.items():
            scaled = predict(batch.context, batch.future).double()
            forecast = own.unscale(scaled)
            if name == "model":
                first = windows.samples.starts(rows)
                check_finite(forecast, batch.context, windows.data.panel, first)
            error = _spread(common, scaled - own.scale(truth)) if own.transformed else None
            sums[name].add(forecast, truth, batch.weight, ratio=ratio, own_error=error)
    return sums


def _spread(scaler: Scaler, error: Tensor) -> Tensor:
    """An error in scaled units times the spread of its column."""
    return error * torch.as_tensor(scaler.spread, device=error.device)


def model_sums(model: Forecaster, data: ForecastData, *, split: SplitName) -> dict[str, ErrorSums]:
    """Error sums of ``model`` and of every baseline that the split admits."""
    windows, yardstick = data.exact_samples(split), data.yardstick
    predictors = baseline_predictors(Setting(windows, yardstick.season.steps, data.fit_on(split)))
    predictors["model"] = model_predictor(model)
    return error_sums(
        predictors, windows, data.scaler(split), yardstick.naive_mae, width=model.width
    )


def score_model(model: Forecaster, data: ForecastData, *, split: SplitName) -> Scores:
    """Errors of the model and of every baseline over all windows of a split."""
    return as_scores(model_sums(model, data, split=split), data, split=split)


def as_scores(sums: Mapping[str, ErrorSums], data: ForecastData, *, split: SplitName) -> Scores:
    """Read the sums of ``model`` and of everything else as baselines."""
    model, losses = sums["model"], {name: each.losses for name, each in sums.items()}
    return Scores(
        split=split,
        windows=len(data.samples(split)),
        values=model.values,
        horizon_steps=model.horizon,
        season_steps=data.yardstick.season.steps,
        season_reason=data.yardstick.season.reason,
        model=model.read(),
        baselines={name: sum_.read() for name, sum_ in sums.items() if name != "model"},
        by_step=tuple(model.read(step=step) for step in range(model.horizon)),
        by_column=columns_of(model, data.panel.columns.targets),
        comparisons=compare_all(losses, Origins.of(data.samples(split))),
    )
