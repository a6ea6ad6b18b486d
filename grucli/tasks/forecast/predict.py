"""Forecast beyond the newest row, for as many steps as are asked for."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grucli.columns import Columns
from grucli.data import Horizon, Scaler, Table, coarse_columns, put_classes, unseen_ahead
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster
from grucli.nn.heads import Distribution
from grucli.recipe import ForecastRecipe
from grucli.results import Forecast
from grucli.tasks.batches import evaluation_size
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.finite import check_finite
from grucli.tasks.forecast.intervals import Bounds, quantile_columns
from grucli.tasks.forecast.newest import forecast_places, left_out
from grucli.tasks.forecast.samples import latest_contexts, long_enough
from grucli.tasks.precision import original
from grucli.tasks.task import Intervals
from grucli.tensors import Tensor, torch


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
    _check_steps(task, columns, steps)
    bounds = Bounds.of(intervals or Intervals(), steps=steps, trained=task.horizon)
    scaler, ahead = data.newest_scaler, horizon_of(data, steps)
    targets, known = scaler.only(columns.targets), _scaled_ahead(scaler, ahead, data, future)
    contexts = latest_contexts(
        panel, scaler, context_steps=task.context, device=torch.device(data.device)
    )[np.isin(long_enough(panel, task.context), ahead.places)]
    points, ends, quantiles = [], [], []
    for some, point, made in _forecast_all(model, contexts, columns, steps=steps, future=known):
        own = targets.at(ahead.places[some.numpy(), None])
        points.append(original(own, point))
        ends.append(bounds.columns(made, own))
        quantiles.append(quantile_columns(made, own) if steps <= task.horizon else {})
    forecast = torch.cat(points)
    check_finite(forecast, contexts, panel, panel.bounds[1:][ahead.places] - task.context)
    asked = Horizon(panel, ahead.places, steps, ahead.series)
    return Forecast(
        time=panel.time,
        timestamps=asked.written,
        columns=columns.targets,
        values=_columns([dict(zip(columns.targets, forecast.unbind(-1), strict=True))], steps),
        ids=asked.ids,
        notes=(*_notes(data, scaler, future), *_without_quantiles(task, steps)),
        bounds=_columns(ends, steps),
        quantiles=_columns(quantiles, steps),
    )


def _check_steps(task: ForecastRecipe, columns: Columns, steps: int) -> None:
    if steps > task.horizon and columns.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {task.horizon} steps and reads past "
            f"columns ({', '.join(columns.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )


def _columns(parts: Sequence[Mapping[str, Tensor]], steps: int) -> dict[str, tuple[float, ...]]:
    """Values [B, K] of some batches as columns of the first ``steps``, one series after another."""
    return {
        name: tuple(torch.cat([part[name][:, :steps] for part in parts]).flatten().tolist())
        for name in parts[0]
    }


def _without_quantiles(task: ForecastRecipe, steps: int) -> list[str]:
    """A sentence where more steps are asked for than quantiles are known of."""
    if not task.levels or steps <= task.horizon:
        return []
    return [
        f"quantiles are known of the {task.horizon} steps that the model was trained on, not of "
        f"{steps}: only the median is given"
    ]


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
) -> Iterator[tuple[Tensor, Tensor, Distribution]]:
    """``forecast_ahead`` in batches that fit into memory, after the places of their contexts."""
    size = evaluation_size(contexts.shape[1], model.width)
    for some in torch.split(torch.arange(len(contexts)), size):
        part = None if future is None else future[some].to(contexts.device)
        context = contexts[some.to(contexts.device)]
        yield some, *forecast_ahead(model, context, columns, steps=steps, future=part)


@torch.inference_mode()
def forecast_ahead(
    model: Forecaster,
    context: Tensor,
    columns: Columns,
    *,
    steps: int,
    future: Tensor | None = None,
) -> tuple[Tensor, Distribution]:
    """Forecast ``steps`` rows after contexts [S, T, C_in]: [S, steps, C_out], both scaled; and all
    that is said of the first block.

    ``future`` [S, K, F] are ``columns.ahead`` of whole blocks, None without any. A horizon longer
    than the trained one is reached block by block: each block of forecasts takes the place of the
    oldest rows of the context, beside what was known of its steps and with its flags set.
    """
    model.eval()
    blocks: list[Tensor] = []
    first: Distribution | None = None
    done = 0
    while done < steps:
        known = None if future is None else future[:, done : done + model.horizon]
        made = model.distribution(context, known)
        first, block = first or made, made.point
        blocks.append(block)
        done += block.shape[1]
        rows = context[:, -1:].expand(-1, block.shape[1], -1).clone()
        rows[..., columns.target_places] = block
        rows[..., columns.flag_places] = 1
        if known is not None:
            rows[..., columns.ahead_places] = known
        context = torch.cat([context, rows], dim=1)[:, block.shape[1] :]
    assert first is not None
    return torch.cat(blocks, dim=1)[:, :steps], first
