"""Forecast beyond the newest row, for as many steps as are asked for."""

import torch
from torch import Tensor

from grucli.nn import Forecaster


@torch.inference_mode()
def forecast_ahead(model: Forecaster, context: Tensor, *, steps: int, targets: int) -> Tensor:
    """Forecast ``steps`` rows after a scaled context [1, T, C_in]; returns [steps, C_out], scaled.

    A horizon longer than the trained one is reached block by block: each block of forecasts takes
    the place of the oldest rows of the context, its observed flags set.
    """
    model.eval()
    blocks = []
    done = 0
    while done < steps:
        block = model(context)
        blocks.append(block[0])
        done += block.shape[1]
        flags = block.new_ones(1, block.shape[1], context.shape[2] - targets)
        context = torch.cat([context, torch.cat([block, flags], dim=2)], dim=1)
        context = context[:, block.shape[1] :]
    return torch.cat(blocks)[:steps]
