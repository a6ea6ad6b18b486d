"""A negative binomial distribution of each count, which varies more than its mean.

Suffixes: B windows, K horizon steps, C targets, P parameters, N nodes of a sum.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.heads.special import beta_share
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, functional, torch

SMALLEST = 1e-4
"""Floor of the mean of a window's counts divided by its scale, and of the dispersion."""
_NEAR = 1e-5
"""So far, as a share, an end of an interval may be off a whole number and be taken for it."""
_COUNTED = 600
"""Where no count of a batch is larger, quantiles are found by counting."""
_NODES = 96
"""Places where the integral of a score is taken."""


@cache
def _gauss_legendre(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights on [-1, 1]; what finds them takes its time to be loaded."""
    return np.polynomial.legendre.leggauss(count)


@dataclass(frozen=True, eq=False)
class NegativeBinomial(Distribution):
    """Mean m and dispersion a, [B, K, C] each, in counts: the variance is m + a m^2."""

    mean: Tensor
    dispersion: Tensor

    @property
    def point(self) -> Tensor:
        """The median."""
        return self.quantile(0.5)

    @property
    def spread(self) -> Tensor:
        """The standard deviation."""
        return (self.mean + self.dispersion * self.mean.square()).sqrt()

    def share(self, count_BKC: Tensor, more: float = 0.0) -> Tensor:
        """The chance of so many or fewer; ``more`` is added to 1 / a, with m a as it is."""
        mean, a = self.mean.double(), self.dispersion.double()
        p = 1 / (1 + a * mean)
        share = beta_share(1 / a + more, count_BKC.clamp(min=0) + 1, p, a * mean * p)
        return torch.where(count_BKC < 0, 0.0, share)

    def quantile(self, level: float) -> Tensor:
        """The least count that the truth is at or below with a chance of ``level``.

        It lies below m + s sqrt(p / (1 - p)) by Cantelli's inequality.
        """
        most = self.mean.double() + self.spread.double() * math.sqrt(level / (1 - level))
        found = self._counted if float(most.max()) < _COUNTED else self._halved
        return found(level, most.ceil() + 1).to(self.mean.dtype)

    def _counted(self, level: float, most: Tensor) -> Tensor:
        """That count by adding one chance after the other, which is fast for small counts."""
        mean, a = self.mean.double(), self.dispersion.double()
        ratio = a * mean / (1 + a * mean)
        chance = torch.exp(-torch.log1p(a * mean) / a)
        share, count = chance.clone(), (chance < level).double()
        for k in range(1, int(most.max())):
            chance = chance * ratio * ((k - 1 + 1 / a) / k)
            share += chance
            count += share < level
        return count

    def _halved(self, level: float, most: Tensor) -> Tensor:
        """That count by halving, whatever its size."""
        low, high = torch.full_like(most, -1.0), most
        for _ in range(math.ceil(math.log2(float(high.max()) + 2)) + 1):
            middle = ((low + high) / 2).floor()
            is_low = self.share(middle) < level
            low, high = torch.where(is_low, middle, low), torch.where(is_low, high, middle)
        return high

    def losses(self, target_BKC: Tensor) -> Tensor:
        """The negative log-likelihood, in float64: it is a difference of large numbers."""
        y, mean, a = target_BKC.double(), self.mean.double(), self.dispersion.double()
        ways = torch.lgamma(y + 1 / a) - torch.lgamma(1 / a) - torch.lgamma(y + 1)
        likelihood = ways - (y + 1 / a) * torch.log1p(a * mean) + y * torch.log(a * mean)
        return -likelihood.to(target_BKC.dtype)

    def crps(self, truth_BKC: Tensor) -> Tensor:
        """Y (2 F(y) - 1) - s^2 (p (2 G(y - 1) - 1) + H), s^2 the variance, p = 1 / (1 + a m), F the
        share, G that of 1 / a + 1, H = 2F1(1 / a + 1, 1/2; 2; -4 (1 - p) / p^2).

        Source: Wei & Held 2014, TEST 23(4).
        """
        y, mean, a = truth_BKC.double(), self.mean.double(), self.dispersion.double()
        p, variance = 1 / (1 + a * mean), mean + a * mean.square()
        inner = p * (2 * self.share(y - 1, more=1.0) - 1) + self._hypergeometric()
        return y * (2 * self.share(y) - 1) - variance * inner

    def _hypergeometric(self) -> Tensor:
        """2F1(n, 1/2; 2; -z) = 4 / (pi sqrt(z)) times the integral of cosh(v)^(1 - 2n) sqrt(1 -
        sinh(v)^2 / z) from 0 to arsinh(sqrt(z)), n = 1 / a + 1, by Gauss and Legendre.

        From Euler's integral with t = sinh(v)^2 / z; it ends where the first factor is nothing.
        """
        mean, a = self.mean.double().unsqueeze(-1), self.dispersion.double().unsqueeze(-1)
        z, power = 4 * a * mean * (1 + a * mean), 2 / a + 1
        last = torch.minimum(torch.asinh(z.sqrt()), torch.acosh(torch.exp(40 / power)))
        places, weights = (torch.as_tensor(part).to(z) for part in _gauss_legendre(_NODES))
        nodes = (places + 1) / 2
        v_N = last * nodes
        inside = (1 - torch.sinh(v_N).square() / z).clamp(min=0).sqrt()
        values = torch.exp(-power * torch.log(torch.cosh(v_N))) * inside
        total = (values * weights / 2 * last).sum(dim=-1)
        return 4 / (math.pi * z.squeeze(-1).sqrt()) * total

    def settled(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The outermost counts between two ends."""
        near = _NEAR * (1 + high.abs())
        return torch.ceil(low - near).clamp(min=0), torch.floor(high + near)


class NegativeBinomialHead(Head):
    """Mean and dispersion as softplus(x), the mean times the scale of its window.

    A recursive decoder reads the mean back.
    """

    @property
    def parameters(self) -> int:
        """Mean and dispersion."""
        return 2

    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> NegativeBinomial:
        """The distribution of windows that are divided by a scale, and from which nothing is taken
        off.
        """
        mean, dispersion = raw_BKPC.unbind(-2)
        return NegativeBinomial(
            self.fed_back(mean) * scale.spread_of(mean),
            functional.softplus(dispersion) + SMALLEST,
        )

    def check_windows(self, normalise: str, *, seasonal: bool) -> None:
        """A count is divided by something, and nothing is taken off."""
        if seasonal:
            raise ValueError("harmonics: output 'negative_binomial' excludes a profile")
        if normalise != "mean":
            raise ValueError(f"normalise: {normalise!r}; output 'negative_binomial' expects 'mean'")

    def fed_back(self, location: Tensor) -> Tensor:
        """The mean."""
        return functional.softplus(location) + SMALLEST
