"""Forecasts beside the rows they were made from and the truth that came, in original units."""

from math import isnan

from grucli.data import Panel
from grucli.nn import Forecaster
from grucli.results import Forecast, ForecastExample, SplitName
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.intervals import Bounds
from grucli.tasks.forecast.newest import forecast_places
from grucli.tasks.forecast.score import model_predictor
from grucli.tasks.precision import original
from grucli.tasks.task import Intervals
from grucli.tensors import torch

DRAWN_SERIES = 4


def window_examples(
    model: Forecaster,
    data: ForecastData,
    *,
    split: SplitName,
    count: int,
    intervals: Intervals | None = None,
) -> tuple[ForecastExample, ...]:
    """Forecasts of ``count`` windows of a split, spread evenly over it, column by column.

    The context is shown as the table has it, with gaps filled; beside the forecast the intervals
    that are asked for, the usual ones where nobody asked.
    """
    if count == 0:
        return ()
    windows, panel = data.samples(split), data.panel
    index = torch.linspace(0, len(windows) - 1, min(count, len(windows))).round().long()
    batch, truth = windows.gather(index), windows.truth(index)
    targets = panel.columns.targets
    scaler = data.scaler(split).only(targets).at(windows.samples.series_of(index)[:, None])
    predicted = model_predictor(model)(batch.context, batch.future)
    forecast = original(scaler, predicted.point)
    bounds = Bounds.of(intervals or Intervals(), steps=model.horizon, trained=model.horizon)
    bounds = bounds.or_usual
    ends = {f"{level:g}": bounds.ends(level, predicted, scaler) for level in bounds.levels}
    if batch.weight is not None:
        truth = truth.where(batch.weight, torch.nan)
    starts = windows.samples.starts(index).tolist()
    series = windows.samples.series_of(index).tolist()
    length, whole = windows.context_steps, windows.context_steps + windows.horizon_steps
    return tuple(
        ForecastExample(
            column=name,
            time=panel.time,
            times=tuple(map(panel.frequency.format, panel.timestamps[first : first + whole])),
            context=tuple(panel.values[first : first + length, panel.columns.place(name)].tolist()),
            truth=tuple(None if isnan(y) else y for y in truth[row, :, column].tolist()),
            forecast=tuple(forecast[row, :, column].tolist()),
            series=panel.ids[series[row]],
            bands={level: _ends(pair, row, column) for level, pair in ends.items()},
        )
        for column, name in enumerate(targets)
        for row, first in enumerate(starts)
    )


def _ends(
    ends: list[torch.Tensor], row: int, column: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both ends of the intervals of one window and target, of those [B, K, C] of all."""
    low, high = (tuple(end[row, :, column].tolist()) for end in ends)
    return low, high


def newest_examples(
    forecast: Forecast, panel: Panel, *, context_steps: int
) -> tuple[ForecastExample, ...]:
    """Forecasts beyond the end of a table, column by column, which have no truth yet.

    Those of the first ``DRAWN_SERIES`` series.
    """
    places = forecast_places(panel, context_steps)
    steps = len(forecast.timestamps) // len(places)
    return tuple(
        ForecastExample(
            column=name,
            time=panel.time,
            times=tuple(map(panel.frequency.format, panel.timestamps[rows]))
            + forecast.timestamps[ahead],
            context=tuple(panel.values[rows, panel.columns.place(name)].tolist()),
            truth=(),
            forecast=forecast.values[name][ahead],
            series=panel.ids[place],
            bands=_bands(forecast, name, ahead),
        )
        for name in forecast.columns
        for order, place in enumerate(places[:DRAWN_SERIES].tolist())
        for rows, ahead in [_rows_and_steps(panel, place, context_steps, order, steps)]
    )


def _bands(
    forecast: Forecast, column: str, ahead: slice
) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Both ends of the intervals of one column by level."""
    start, ends = f"{column}-lo-", forecast.bounds
    levels = [name.removeprefix(start) for name in ends if name.startswith(start)]
    return {
        level: (ends[start + level][ahead], ends[f"{column}-hi-{level}"][ahead]) for level in levels
    }


def _rows_and_steps(
    panel: Panel, place: int, context_steps: int, order: int, steps: int
) -> tuple[slice, slice]:
    """The newest context of a series in a panel, and its forecast among those of all."""
    stop = int(panel.bounds[place + 1])
    return slice(stop - context_steps, stop), slice(order * steps, (order + 1) * steps)
