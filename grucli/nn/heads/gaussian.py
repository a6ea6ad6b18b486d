"""A normal distribution of each value."""

import math
from dataclasses import dataclass

from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.heads.special import normal_quantile
from grucli.nn.window_scale import SMALLEST_SPREAD, WindowScale
from grucli.tensors import Tensor, functional, torch


@dataclass(frozen=True, eq=False)
class Gaussian(Distribution):
    """Mean and standard deviation, [B, K, C] each."""

    mean: Tensor
    deviation: Tensor

    @property
    def point(self) -> Tensor:
        """The median, which is the mean."""
        return self.mean

    @property
    def spread(self) -> Tensor:
        """The standard deviation."""
        return self.deviation

    def quantile(self, level: float) -> Tensor:
        """The mean, and so many standard deviations."""
        return self.mean + normal_quantile(level) * self.deviation

    def losses(self, target_BKC: Tensor) -> Tensor:
        """The negative log-likelihood."""
        z = (target_BKC - self.mean) / self.deviation
        return z.square() / 2 + self.deviation.log() + math.log(2 * math.pi) / 2

    def crps(self, truth_BKC: Tensor) -> Tensor:
        """S (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), z = (y - m) / s.

        Source: Gneiting, Raftery, Westveld & Goldman 2005, Monthly Weather Review 133(5).
        """
        z = (truth_BKC - self.mean) / self.deviation
        density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
        inner = z * torch.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi)
        return self.deviation * inner


class GaussianHead(Head):
    """The mean, and the deviation as softplus(x) above a floor."""

    @property
    def parameters(self) -> int:
        """Mean and standard deviation."""
        return 2

    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> Gaussian:
        """The distribution of windows whose normalisation is undone."""
        mean, deviation = raw_BKPC.unbind(-2)
        return Gaussian(scale.undo(mean), positive(deviation) * scale.spread_of(mean))


def positive(raw: Tensor) -> Tensor:
    """A number above 0, that is no smaller than the spread of a flat window."""
    return functional.softplus(raw) + SMALLEST_SPREAD
