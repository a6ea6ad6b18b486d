"""Samples in batches that are as large as a bounded memory allows, for use without gradients."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from grucli.nn import RecurrentModel
from grucli.tasks.task import Samples

EVALUATION_CELLS = 1 << 22
"""Samples are evaluated in batches of about this many values of a layer (B * T * width)."""


def evaluation_size(steps: int, width: int) -> int:
    """Samples of so many steps in a batch; ``width`` is the model's (``RecurrentModel.width``)."""
    return max(1, EVALUATION_CELLS // (steps * width))


def evaluation_batches(samples: Samples, width: int) -> Iterator[Tensor]:
    """Positions in order, in batches of ``evaluation_size``."""
    yield from torch.split(torch.arange(len(samples)), evaluation_size(samples.steps, width))


def validation_losses(
    model: RecurrentModel,
    samples: Samples,
    loss: Callable[[Tensor], tuple[Tensor, Tensor | float]],
) -> Iterator[tuple[float, float]]:
    """Mean loss of the present weights and number of values, batch by batch.

    ``loss`` gives both for the samples at positions [B].
    """
    for index in evaluation_batches(samples, model.width):
        model.eval()
        with torch.inference_mode():
            mean, count = loss(index)
        yield float(mean), float(count)
