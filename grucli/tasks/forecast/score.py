"""Score a model and the baselines on the same windows, every window counted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grucli.data import Scaler
from grucli.nn import Forecaster
from grucli.nn.heads import Distribution
from grucli.results import Scores, SplitName
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.forecast.baselines import Predictor, Setting, baseline_predictors
from grucli.tasks.forecast.chances import chance_errors
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.finite import check_finite
from grucli.tasks.forecast.intervals import Bounds, IntervalSums
from grucli.tasks.forecast.left_out import left_out_baselines
from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.samples import Windows
from grucli.tasks.forecast.sums import ErrorSums, columns_of
from grucli.tasks.forecast.verdict import Origins, compare_all
from grucli.tasks.task import Intervals
from grucli.tensors import Tensor, torch


def model_predictor(model: Forecaster) -> Callable[[Tensor, Tensor | None], Distribution]:
    """A trained model as a baseline-like function, without gradients or dropout."""
    model.eval()

    def predict(context: Tensor, future: Tensor | None) -> Distribution:
        with torch.inference_mode():
            future = None if future is None else future.float()
            return model.distribution(context.float(), future)

    return predict


def error_sums(
    predictors: Mapping[str, Predictor | Callable[[Tensor, Tensor | None], Distribution]],
    windows: Windows,
    scaler: Scaler,
    naive_mae: Array,
    *,
    width: int,
    intervals: IntervalSums | None = None,
) -> dict[str, ErrorSums]:
    """Error sums of every predictor over all windows, in original units.

    ``naive_mae`` [C_out] is what mase divides by; ``width`` (``Forecaster.width``) says how many
    windows fit into a batch. What a model gives is added to ``intervals``.
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
            made = predict(batch.context, batch.future)
            chances = {}
            scaled = (made.point if isinstance(made, Distribution) else made).double()
            forecast = own.unscale(scaled)
            if isinstance(made, Distribution):
                first = windows.samples.starts(rows)
                check_finite(forecast, batch.context, windows.data.panel, first)
                chances = chance_errors(made, truth, own)
                if intervals is not None:
                    intervals.add(made, truth, batch.weight, own)
            error = _spread(common, scaled - own.scale(truth)) if own.transformed else None
            sums[name].add(
                forecast, truth, batch.weight, ratio=ratio, own_error=error, chances=chances
            )
    return sums


def _spread(scaler: Scaler, error: Tensor) -> Tensor:
    """An error in scaled units times the spread of its column."""
    return error * torch.as_tensor(scaler.spread, device=error.device)


def setting_of(
    data: ForecastData, split: SplitName, kept: Mapping[str, Any] | None = None
) -> Setting:
    """What baselines of a split are made for; ``kept`` is what ``ForecastTask.calibrate`` gave."""
    season, ridge = data.yardstick.season.steps, (kept or {}).get("ridge")
    return Setting(data.exact_samples(split), season, data.fit_on(split), ridge)


def model_sums(
    model: Forecaster,
    data: ForecastData,
    *,
    split: SplitName,
    intervals: IntervalSums | None = None,
    kept: Mapping[str, Any] | None = None,
) -> dict[str, ErrorSums]:
    """Error sums of ``model`` and of every baseline that the split admits.

    ``kept`` is as in ``setting_of``.
    """
    setting = setting_of(data, split, kept)
    return error_sums(
        {**baseline_predictors(setting), "model": model_predictor(model)},
        setting.windows,
        data.scaler(split),
        data.yardstick.naive_mae,
        width=model.width,
        intervals=intervals,
    )


def score_model(
    model: Forecaster,
    data: ForecastData,
    *,
    split: SplitName,
    intervals: Intervals | None = None,
) -> Scores:
    """Errors of the model and of every baseline over all windows of a split."""
    intervals = intervals or Intervals()
    bounds = Bounds.of(intervals, steps=model.horizon, trained=model.horizon)
    asked = IntervalSums(bounds.or_usual, (model.horizon, model.row.targets))
    sums = model_sums(model, data, split=split, intervals=asked, kept=intervals.kept)
    scores = as_scores(sums, data, split=split)
    return replace(scores, intervals=asked.read(), notes=asked.notes)


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
        left_out=left_out_baselines(setting_of(data, split)),
        by_step=tuple(model.read(step=step) for step in range(model.horizon)),
        by_column=columns_of(model, data.panel.columns.targets),
        comparisons=compare_all(losses, Origins.of(data.samples(split))),
    )
