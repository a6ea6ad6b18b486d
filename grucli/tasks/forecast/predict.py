"""Forecast beyond the newest row, for as many steps as are asked for."""

import numpy as np
import torch
from torch import Tensor

from grucli.columns import Columns
from grucli.data import Horizon, Scaler, Table, coarse_columns, put_classes, unseen_ahead
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster
from grucli.results import Forecast
from grucli.tasks.batches import evaluation_size
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.finite import check_finite
from grucli.tasks.forecast.intervals import Bounds
from grucli.tasks.forecast.newest import forecast_places, left_out
from grucli.tasks.forecast.samples import latest_contexts, long_enough
from grucli.tasks.task import Intervals


def forecast_table(
    model: Forecaster,
    data: ForecastData,
    *,
    horizon: int | None = None,
    future: Table | None = None,
    intervals: Intervals | None = None,
) -> Forecast:
    """Forecast beyond the end of every series of a table in original units.

    ``horizon`` (default: the trained one) may be longer, which feeds forecasts back. ``future``
    holds the columns that are known in advance. Series shorter than a context, or without a
    measured value of a column in it, are left out, and counted in a note. Raises DataError where
    all are, or where something of the future is not there; UsageError for a longer horizon with
    past columns, or with intervals.
    """
    task, panel, columns = data.recipe.forecast, data.panel, data.panel.columns
    steps = task.horizon if horizon is None else horizon
    if steps > task.horizon and columns.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {task.horizon} steps and reads past "
            f"columns ({', '.join(columns.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )
    bounds = Bounds.of(intervals or Intervals(), steps=steps, trained=task.horizon)
    scaler, ahead = data.newest_scaler, horizon_of(data, steps)
    known = _scaled_ahead(scaler, ahead, data, future)
    contexts = latest_contexts(
        panel, scaler, context_steps=task.context, device=torch.device(data.device)
    )[np.isin(long_enough(panel, task.context), ahead.places)]
    point, spread = _forecast_all(model, contexts, columns, steps=steps, future=known)
    own = scaler.only(columns.targets).at(ahead.places[:, None])
    forecast = own.unscale(point)
    check_finite(forecast, contexts, panel, panel.bounds[1:][ahead.places] - task.context)
    values = forecast.numpy().reshape(-1, len(columns.targets))
    asked = Horizon(panel, ahead.places, steps, ahead.series)
    return Forecast(
        time=panel.time,
        timestamps=asked.written,
        columns=columns.targets,
        values={name: tuple(values[:, at].tolist()) for at, name in enumerate(columns.targets)},
        ids=asked.ids,
        notes=_notes(data, scaler, future),
        bounds=bounds.columns(point, spread, own),
    )


def _notes(data: ForecastData, scaler: Scaler, future: Table | None) -> tuple[str, ...]:
    short = left_out(data.panel, data.recipe.forecast.context)
    return (*short, *coarse_columns(data.panel, scaler), *unseen_ahead(future, scaler))


def horizon_of(data: ForecastData, horizon: int | None = None) -> Horizon:
    """The steps that a forecast of ``horizon`` steps reads the future of, in whole blocks.

    A block is what the model forecasts at once. Of a model without future columns they are the
    steps that are asked for.
    """
    task, panel = data.recipe.forecast, data.panel
    steps = task.horizon if horizon is None else horizon
    if panel.columns.ahead:
        steps = -(-steps // task.horizon) * task.horizon
    return Horizon(panel, forecast_places(panel, task.context), steps, data.recipe.data.series)


def _scaled_ahead(
    scaler: Scaler, ahead: Horizon, data: ForecastData, future: Table | None
) -> Tensor | None:
    """What is known of the steps ahead in scaled units, float32 [S, K, F]; None for nothing."""
    names = ahead.panel.columns.ahead
    if not names:
        return None
    values = ahead.known(future, data.recipe.data.calendar)
    with np.errstate(over="ignore"):
        scaled = scaler.only(names).at(ahead.places[:, None]).scale(values).astype(np.float32)
    if future is not None:
        asked = {"words": future.categories, "vocabularies": scaler.vocabularies}
        put_classes(scaled, values, names, **asked)
    large = np.argwhere(~np.isfinite(scaled))
    if len(large) and future is not None:
        series, step, column = large[0].tolist()
        raise DataError(
            f"{future.source}: column {names[column]!r}: {values[series, step, column]:g} is too "
            "large for float32 after scaling; correct the value"
        )
    return torch.from_numpy(scaled)


def _forecast_all(
    model: Forecaster, contexts: Tensor, columns: Columns, *, steps: int, future: Tensor | None
) -> tuple[Tensor, Tensor]:
    """``forecast_ahead`` in batches that fit into memory; float64 on the CPU."""
    made = []
    size = evaluation_size(contexts.shape[1], model.width)
    for some in torch.split(torch.arange(len(contexts)), size):
        part = None if future is None else future[some].to(contexts.device)
        context = contexts[some.to(contexts.device)]
        made.append(forecast_ahead(model, context, columns, steps=steps, future=part))
    point, spread = (torch.cat(parts).cpu().double() for parts in zip(*made, strict=True))
    return point, spread


@torch.inference_mode()
def forecast_ahead(
    model: Forecaster,
    context: Tensor,
    columns: Columns,
    *,
    steps: int,
    future: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Forecast ``steps`` rows after contexts [S, T, C_in]: [S, steps, C_out], both scaled; and the
    spread of their errors, which has the same shape.

    ``future`` [S, K, F] are ``columns.ahead`` of whole blocks, None without any. A horizon longer
    than the trained one is reached block by block: each block of forecasts takes the place of the
    oldest rows of the context, beside what was known of its steps and with its flags set.
    """
    model.eval()
    blocks: list[Tensor] = []
    spreads: list[Tensor] = []
    done = 0
    while done < steps:
        known = None if future is None else future[:, done : done + model.horizon]
        made = model.distribution(context, known)
        block = made.point
        blocks.append(block)
        spreads.append(made.spread.expand_as(block))
        done += block.shape[1]
        rows = context[:, -1:].expand(-1, block.shape[1], -1).clone()
        rows[..., columns.target_places] = block
        rows[..., columns.flag_places] = 1
        if known is not None:
            rows[..., columns.ahead_places] = known
        context = torch.cat([context, rows], dim=1)[:, block.shape[1] :]
    return torch.cat(blocks, dim=1)[:, :steps], torch.cat(spreads, dim=1)[:, :steps]
