"""Forecast beyond the newest row, for as many steps as are asked for."""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.columns import Columns
from grucli.data import Panel
from grucli.errors import UsageError
from grucli.nn import Forecaster
from grucli.results import Forecast
from grucli.tasks.batches import evaluation_size
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.newest import forecast_places, left_out
from grucli.tasks.forecast.samples import latest_contexts, long_enough


def forecast_table(
    model: Forecaster, data: ForecastData, *, horizon: int | None = None
) -> Forecast:
    """Forecast beyond the end of every series of a table in original units.

    ``horizon`` (default: the trained one) may be longer, which feeds forecasts back. Series shorter
    than a context, or without a measured value of a column in it, are left out, and counted in a
    note. Raises DataError where all are, UsageError for a longer horizon with past columns.
    """
    task, panel, columns = data.recipe.forecast, data.panel, data.panel.columns
    steps = task.horizon if horizon is None else horizon
    if steps > task.horizon and columns.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {task.horizon} steps and reads past "
            f"columns ({', '.join(columns.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )
    places = forecast_places(panel, task.context)
    scaler = data.newest_scaler
    contexts = latest_contexts(
        panel, scaler, context_steps=task.context, device=torch.device(data.device)
    )[np.isin(long_enough(panel, task.context), places)]
    size = evaluation_size(task.context, model.width)
    scaled = [
        forecast_ahead(model, some, columns, steps=steps).cpu()
        for some in torch.split(contexts, size)
    ]
    own = scaler.only(columns.targets).at(places[:, None])
    values = own.unscale(torch.cat(scaled).double()).numpy().reshape(-1, len(columns.targets))
    return Forecast(
        time=panel.time,
        timestamps=tuple(_times_ahead(panel, places, steps)),
        columns=columns.targets,
        values={name: tuple(values[:, at].tolist()) for at, name in enumerate(columns.targets)},
        ids={
            name: tuple(panel.texts[name][place] for place in places for _ in range(steps))
            for name in data.recipe.data.series
        },
        notes=left_out(panel, task.context),
    )


def _times_ahead(panel: Panel, places: NDArray[np.int64], steps: int) -> Iterator[str]:
    """The ``steps`` times after the newest row of each of some series."""
    frequency = panel.frequency
    newest = panel.timestamps[panel.bounds[1:][places] - 1]
    by_moment = {
        last: tuple(map(frequency.format, frequency.future(last, steps)))
        for last in dict.fromkeys(newest)
    }
    return itertools.chain.from_iterable(by_moment[last] for last in newest)


@torch.inference_mode()
def forecast_ahead(model: Forecaster, context: Tensor, columns: Columns, *, steps: int) -> Tensor:
    """Forecast ``steps`` rows after contexts [S, T, C_in]: [S, steps, C_out], both scaled.

    A horizon longer than the trained one is reached block by block: each block of forecasts takes
    the place of the oldest rows of the context, its flags set.
    """
    model.eval()
    blocks = []
    done = 0
    while done < steps:
        block = model(context)
        blocks.append(block)
        done += block.shape[1]
        rows = block.new_ones(*block.shape[:2], len(columns.names))
        rows[..., columns.target_places] = block
        context = torch.cat([context, rows], dim=1)[:, block.shape[1] :]
    return torch.cat(blocks, dim=1)[:, :steps]
