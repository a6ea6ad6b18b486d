"""Forecasts beside the rows they were made from and the truth that came, in original units."""

from math import isnan

import torch

from grucli.data import Panel
from grucli.nn import Forecaster
from grucli.results import Forecast, ForecastExample, SplitName
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.score import model_predictor


def window_examples(
    model: Forecaster, data: ForecastData, *, split: SplitName, count: int
) -> tuple[ForecastExample, ...]:
    """Forecasts of ``count`` windows of a split, spread evenly over it, column by column.

    The context is shown as the table has it, with gaps filled.
    """
    if count == 0:
        return ()
    windows, panel = data.samples(split), data.panel
    index = torch.linspace(0, len(windows) - 1, min(count, len(windows))).round().long()
    batch, truth = windows.gather(index), windows.truth(index)
    targets = panel.columns.targets
    forecast = data.scaler.only(targets).unscale(model_predictor(model)(batch.context).double())
    if batch.weight is not None:
        truth = truth.where(batch.weight, torch.nan)
    starts = windows.samples.starts(index).tolist()
    length, whole = windows.context_steps, windows.context_steps + windows.horizon_steps
    return tuple(
        ForecastExample(
            column=name,
            time=panel.time,
            times=tuple(map(panel.frequency.format, panel.timestamps[first : first + whole])),
            context=tuple(panel.values[first : first + length, panel.columns.place(name)].tolist()),
            truth=tuple(None if isnan(y) else y for y in truth[row, :, column].tolist()),
            forecast=tuple(forecast[row, :, column].tolist()),
        )
        for column, name in enumerate(targets)
        for row, first in enumerate(starts)
    )


def newest_examples(
    forecast: Forecast, panel: Panel, *, context_steps: int
) -> tuple[ForecastExample, ...]:
    """A forecast beyond the end of a table, column by column, which has no truth yet."""
    newest = tuple(map(panel.frequency.format, panel.timestamps[-context_steps:]))
    return tuple(
        ForecastExample(
            column=name,
            time=panel.time,
            times=newest + forecast.timestamps,
            context=tuple(panel.values[-context_steps:, panel.columns.place(name)].tolist()),
            truth=(),
            forecast=forecast.values[name],
        )
        for name in forecast.columns
    )
