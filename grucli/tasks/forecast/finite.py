"""Forecasts that are no numbers, and the rows that they were made from."""

import numpy as np
from numpy.typing import NDArray

from grucli.data import Panel
from grucli.errors import DataError
from grucli.tensors import Tensor, torch
from grucli.text import quoted


def check_finite(
    forecast_BKC: Tensor, context_BTC: Tensor, panel: Panel, first_B: Tensor | NDArray[np.int64]
) -> None:
    """Raise DataError for forecasts that are not finite, naming the most extreme row before one.

    ``first`` are the rows of the panel that the scaled contexts begin with.
    """
    bad = ~torch.isfinite(forecast_BKC).flatten(1).all(dim=1).cpu()
    if not bool(bad.any()):
        return
    window = int(bad.nonzero()[0])
    sizes = context_BTC[window, :, : len(panel.columns.values)].abs().cpu().numpy()
    step, column = np.unravel_index(int(sizes.argmax()), sizes.shape)
    row = int(first_B[window]) + int(step)
    last = int(first_B[window]) + len(sizes) - 1
    times = [panel.frequency.format(panel.timestamps[at]) for at in (row, last)]
    raise DataError(
        f"{panel.source}: column {quoted(panel.columns.values[int(column)])}: "
        f"{panel.values[row, int(column)]:g} at {times[0]}; the forecast after {times[1]} is not "
        "finite; expected values like those that the model was trained on; correct the value"
    )
