"""Several quantiles of each value, which never cross.

Suffixes: B windows, K horizon steps, C targets, P parameters, Q quantiles.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, functional, torch

SMALLEST_SPREAD = 1e-6
"""Floor of the distance between the outermost quantiles, in scaled units."""
MEDIAN = 0.5


@dataclass(frozen=True, eq=False)
class Quantiles(Distribution):
    """``values`` [B, K, Q, C] at ``levels`` that rise and have the median among them."""

    values: Tensor
    levels: tuple[float, ...]

    @property
    def point(self) -> Tensor:
        """The median."""
        return self.values[..., self.levels.index(MEDIAN), :]

    @property
    def spread(self) -> Tensor:
        """The distance between the lowest and the highest quantile."""
        return (self.values[..., -1, :] - self.values[..., 0, :]).clamp(min=SMALLEST_SPREAD)

    def quantile(self, level: float) -> Tensor:
        """On a line between neighbouring quantiles; beyond the outermost that one."""
        above = bisect_left(self.levels, level)
        if above in (0, len(self.levels)):
            return self.values[..., min(above, len(self.levels) - 1), :]
        low, high = self.levels[above - 1 : above + 1]
        parts = self.values[..., above - 1, :], self.values[..., above, :]
        return torch.lerp(*parts, (level - low) / (high - low))

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Quantiles":
        """The quantiles of changed values."""
        parts = [change(part) for part in self.values.unbind(-2)]
        return replace(self, values=torch.stack(parts, dim=-2))

    def losses(self, target_BKC: Tensor) -> Tensor:
        """The mean over the levels of the pinball losses."""
        parts = zip(self.levels, self.values.unbind(-2), strict=True)
        return torch.stack([pinball(q, target_BKC, p) for p, q in parts]).mean(dim=0)


@dataclass(frozen=True)
class QuantilesHead(Head):
    """The median, then the distance from each quantile to the next, below it and above it.

    Distances are softplus(x) > 0, so that no quantile crosses another.
    """

    levels: tuple[float, ...]

    @property
    def parameters(self) -> int:
        """One for each level."""
        return len(self.levels)

    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> Quantiles:
        """The quantiles of windows whose normalisation is undone."""
        below = self.levels.index(MEDIAN)
        median = raw_BKPC[..., :1, :]
        gaps = functional.softplus(raw_BKPC[..., 1:, :])
        down = median - gaps[..., :below, :].cumsum(dim=-2).flip(-2)
        up = median + gaps[..., below:, :].cumsum(dim=-2)
        return Quantiles(torch.cat([down, median, up], dim=-2), self.levels).mapped(scale.undo)


def pinball(forecast: Tensor, truth: Tensor, level: float) -> Tensor:
    """The loss p (y - q) of a truth y above the quantile q of level p, (1 - p) (q - y) below it.

    Source: Koenker & Bassett 1978, Econometrica 46(1).
    """
    error = truth - forecast
    return torch.maximum(level * error, (level - 1) * error)
