"""Forecast beyond the newest row, for as many steps as are asked for."""

import torch
from torch import Tensor

from grucli.columns import Columns
from grucli.nn import Forecaster


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
