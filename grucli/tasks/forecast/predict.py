"""Forecast beyond the newest row, for as many steps as are asked for."""

import torch
from torch import Tensor

from grucli.columns import Columns
from grucli.errors import UsageError
from grucli.nn import Forecaster
from grucli.results import Forecast
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.samples import latest_contexts


def forecast_table(
    model: Forecaster, data: ForecastData, *, horizon: int | None = None
) -> Forecast:
    """Forecast beyond the end of a table in original units.

    ``horizon`` (default: the trained one) may be longer, which feeds forecasts back. Raises
    DataError for a history shorter than a context, UsageError for a longer horizon with past
    columns.
    """
    task, panel, columns = data.recipe.task, data.panel, data.panel.columns
    steps = task.horizon if horizon is None else horizon
    if steps > task.horizon and columns.past:
        raise UsageError(
            f"--horizon {steps}: the model forecasts {task.horizon} steps and reads past "
            f"columns ({', '.join(columns.past)}) that are not known further ahead; "
            "ask for fewer steps or train with a longer task.horizon"
        )
    context = latest_contexts(
        panel, data.scaler, context_steps=task.context, device=torch.device(data.device)
    )
    scaled = forecast_ahead(model, context, columns, steps=steps)[0]
    values = data.scaler.only(columns.targets).unscale(scaled.double()).cpu().numpy()
    frequency = panel.frequency
    return Forecast(
        time=panel.time,
        timestamps=tuple(map(frequency.format, frequency.future(panel.timestamps[-1], steps))),
        columns=columns.targets,
        values={
            name: tuple(float(value) for value in values[:, index])
            for index, name in enumerate(columns.targets)
        },
    )


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
