"""Samples in batches that are as large as a bounded memory allows, for use without gradients."""

import math
from collections.abc import Callable, Iterator
from itertools import islice

from grucli.nn import RecurrentModel
from grucli.tasks.task import Samples
from grucli.tensors import Tensor, torch

Loss = Callable[[Tensor], tuple[Tensor, Tensor | float]]
"""Of the samples at positions [B]: their mean loss, and of how many values."""

EVALUATION_CELLS = 1 << 22
"""Samples are evaluated in batches of about this many values of a layer (B * T * width)."""


def evaluation_size(steps: int, width: int) -> int:
    """Samples of so many steps in a batch; ``width`` is the model's (``RecurrentModel.width``)."""
    return max(1, EVALUATION_CELLS // (steps * width))


def evaluation_batches(samples: Samples, width: int) -> Iterator[Tensor]:
    """Positions in order, in batches of ``evaluation_size``."""
    yield from torch.split(torch.arange(len(samples)), evaluation_size(samples.steps, width))


def validation_losses(
    model: RecurrentModel, samples: Samples, loss: Loss, *, part: int, parts: int
) -> Iterator[tuple[float, float]]:
    """Mean loss of the present weights and number of values, batch by batch.

    Of ``parts`` each takes every so many-th batch.
    """
    for index in islice(evaluation_batches(samples, model.width), part, None, parts):
        yield _loss_of(model, index, loss)


def first_not_finite(model: RecurrentModel, samples: Samples, loss: Loss) -> Tensor:
    """The position [1] of the first sample whose loss is not finite.

    More than one where only the sum over them is not, all where there is none.
    """

    def is_finite(index: Tensor) -> bool:
        return math.isfinite(_loss_of(model, index, loss)[0])

    batches = evaluation_batches(samples, model.width)
    found = next((index for index in batches if not is_finite(index)), None)
    if found is None:
        return torch.arange(len(samples))
    while len(found) > 1:
        spoilt = [half for half in found.tensor_split(2) if not is_finite(half)]
        if not spoilt:
            break
        found = spoilt[0]
    return found


def _loss_of(model: RecurrentModel, index: Tensor, loss: Loss) -> tuple[float, float]:
    model.eval()
    with torch.inference_mode():
        mean, count = loss(index)
    return float(mean), float(count)
