"""Losses between a forecast and the truth, as means over the values that were measured."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

ElementwiseLoss = Callable[[Tensor, Tensor], Tensor]


def _squared(forecast: Tensor, target: Tensor) -> Tensor:
    return functional.mse_loss(forecast, target, reduction="none")


def _absolute(forecast: Tensor, target: Tensor) -> Tensor:
    return functional.l1_loss(forecast, target, reduction="none")


def _huber(forecast: Tensor, target: Tensor) -> Tensor:
    return functional.huber_loss(forecast, target, reduction="none", delta=1.0)


LOSSES: dict[str, ElementwiseLoss] = {"mse": _squared, "mae": _absolute, "huber": _huber}
"""Name in the recipe -> loss of each value; huber turns linear at one scaled unit."""


def masked_mean_loss(
    kind: str, forecast: Tensor, target: Tensor, *, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Loss: how far forecasts are from the truth, in scaled units.

    Formula: mean over windows, steps of the horizon and columns of (f - y)^2 (mse), |f - y| (mae),
    or (f - y)^2 / 2 up to an error of 1 and |f - y| - 1/2 beyond (huber); values that were never
    measured are left out

    Tells: what training makes smaller.

    Misleads: on the training span it falls whether or not anything general is learned: the
    validation loss and the scores on the test span say that. The loss of one batch is noisy.

    At the start: that of forecasts near 0 in scaled units; with task.normalise: last, near that of
    the naive forecast.

    Source: the usual definitions; Huber 1964.

    ``forecast`` and ``target`` are [B, K, C] in scaled units, ``weight`` [B, K, C] is true where
    the truth was measured (None: everywhere). Returns two scalars; with nothing measured the loss
    is zero and carries no gradient.
    """
    losses = LOSSES[kind](forecast, target)
    if weight is None:
        return losses.mean(), losses.new_tensor(float(losses.numel()))
    count = weight.sum().to(losses.dtype)
    total = torch.where(weight, losses, losses.new_zeros(())).sum()
    return total / count.clamp(min=1.0), count
