"""Windows in batches that are as large as a bounded memory allows, for use without gradients."""

from collections.abc import Iterator

import torch
from torch import Tensor

from grucli.tasks.forecast.samples import Windows

EVALUATION_CELLS = 1 << 22
"""Windows are evaluated in batches of about this many values of a layer (B * T * width)."""


def evaluation_batches(windows: Windows, width: int) -> Iterator[Tensor]:
    """Window positions in order, in batches as large as ``EVALUATION_CELLS`` allows.

    ``width`` is that of the model (``Forecaster.width``).
    """
    size = max(1, EVALUATION_CELLS // (windows.context_steps * width))
    yield from torch.split(torch.arange(len(windows)), size)
