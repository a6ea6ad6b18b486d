"""Score a model and the baselines on single windows, counted from the end of each series."""

from dataclasses import replace

import numpy as np

from grucli.data import Samples
from grucli.errors import DataError
from grucli.nn import Forecaster
from grucli.results import BacktestWindow
from grucli.tasks.forecast.baselines import baseline_predictors
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.intervals import Bounds, IntervalSums
from grucli.tasks.forecast.left_out import left_out_baselines
from grucli.tasks.forecast.score import error_sums, model_predictor, setting_of
from grucli.tasks.task import Intervals


def score_window(
    model: Forecaster, data: ForecastData, *, back: int, intervals: Intervals
) -> BacktestWindow:
    """The window of every series that ends ``back`` rows before its end, all in the test span.

    Raises DataError where no series has it there: what a model was trained or chosen by is no test;
    UsageError for ``intervals`` of a level that there is none of.
    """
    span, task, panel = data.dataset.split.test, data.recipe.forecast, data.panel
    ahead = span.stop - task.horizon - back
    starts = ahead - task.context
    fits = (starts >= panel.bounds[:-1]) & (ahead >= span.start)
    if not fits.any():
        raise DataError(
            f"{panel.source}: a window that ends {back} rows before the end begins before the test "
            f"span of {int((span.stop - span.start).max())} rows, which the model has not seen; "
            "expected fewer --windows, a smaller --step, or a recipe in place of the checkpoint"
        )
    samples = Samples.between(starts, np.where(fits, starts + 1, starts), origin=starts, stride=1)
    setting = setting_of(data, "test", intervals.kept)
    bounds = Bounds.of(intervals, steps=task.horizon, trained=task.horizon)
    asked = IntervalSums(bounds.or_usual, (task.horizon, model.row.targets))
    sums = error_sums(
        {"model": model_predictor(model), **baseline_predictors(setting)},
        replace(setting.windows, samples=samples),
        data.scaler("test"),
        data.yardstick.naive_mae,
        width=model.width,
        intervals=asked,
    )
    times = panel.timestamps
    first, last = times[ahead[fits]].min(), times[ahead[fits] + task.horizon - 1].max()
    return BacktestWindow(
        first=panel.frequency.format(first),
        last=panel.frequency.format(last),
        series=int(fits.sum()),
        scores={name: each.read() for name, each in sums.items()},
        left_out=left_out_baselines(setting),
        intervals=asked.read(),
        notes=asked.notes,
    )
