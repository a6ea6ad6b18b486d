"""Losses between a forecast and the truth, as means over the values that were measured."""

from collections.abc import Callable

from grucli.tensors import Tensor, functional, torch

LOSSES: dict[str, Callable[..., Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
}
"""Name in the recipe -> loss of forecast and target, [B, K, C] each, called as torch's are: their
mean, or with ``reduction`` none that of each value. huber turns linear at one scaled unit.
"""


def masked_mean_loss(
    kind: str, forecast: Tensor, target: Tensor, *, weight: Tensor | None
) -> tuple[Tensor, Tensor | float]:
    """Loss: how far forecasts are from the truth, in scaled units.

    Formula: mean over windows, steps of the horizon and columns of (f - y)^2 (mse), |f - y| (mae),
    or (f - y)^2 / 2 up to an error of 1 and |f - y| - 1/2 beyond (huber); of quantiles q of levels
    p, the mean over the levels of p (y - q) where y is above q and (1 - p) (q - y) where it is
    below (pinball); of a distribution the negative logarithm of its density, or probability, at y;
    values that were never measured are left out

    Tells: what training makes smaller.

    Misleads: on the training span it falls whether or not anything general is learned: the
    validation loss and the scores on the test span say that. The loss of one batch is noisy.

    At the start: that of forecasts near 0 in scaled units; with task.normalise: last, near that of
    the naive forecast.

    Source: the usual definitions; Huber 1964; Koenker & Bassett 1978 (pinball).

    ``forecast`` and ``target`` are [B, K, C] in scaled units, ``weight`` [B, K, C] is true where
    the truth was measured (None: everywhere). Returns the loss and the number of values, which is
    a tensor where it must be counted; with nothing measured the loss is zero and carries no
    gradient.
    """
    if weight is None:
        return LOSSES[kind](forecast, target), float(target.numel())
    return masked_mean(LOSSES[kind](forecast, target, reduction="none"), weight=weight)


def masked_mean(losses: Tensor, *, weight: Tensor | None) -> tuple[Tensor, Tensor | float]:
    """The mean of losses [B, K, C] and how many they are, as ``masked_mean_loss`` gives them."""
    if weight is None:
        return losses.mean(), float(losses.numel())
    count = weight.sum().to(losses.dtype)
    total = torch.where(weight, losses, losses.new_zeros(())).sum()
    return total / count.clamp(min=1.0), count
