"""One number for each value, which says nothing of its own error."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, torch


@dataclass(frozen=True, eq=False)
class Point(Distribution):
    """A forecast [B, K, C] alone, of windows with this scale."""

    values: Tensor
    scale: WindowScale

    @property
    def point(self) -> Tensor:
        """The forecast as it is."""
        return self.values

    @property
    def spread(self) -> Tensor:
        """That of the window [B, 1, C], or 1 where windows are not divided by one."""
        return self.scale.spread_of(self.values)

    def quantile(self, _level: float) -> Tensor:
        """The forecast, whatever the level."""
        return self.values

    def losses(self, target_BKC: Tensor) -> Tensor:
        """Absolute errors; training has others to choose from."""
        return (target_BKC - self.values).abs()

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Point":
        """The forecast of changed values."""
        return replace(self, values=change(self.values))

    def crps(self, truth_BKC: Tensor) -> Tensor:
        """The absolute error, which the score is for a forecast of one number."""
        return (truth_BKC - self.values).abs()


class PointHead(Head):
    """The value itself."""

    @property
    def parameters(self) -> int:
        """The value."""
        return 1

    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> Point:
        """The forecast of windows whose normalisation is undone."""
        return Point(scale.undo(torch.squeeze(raw_BKPC, 2)), scale)
