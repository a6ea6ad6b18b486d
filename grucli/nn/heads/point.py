"""One number for each value, which says nothing of its own error."""

from dataclasses import dataclass

from torch import Tensor

from grucli.nn.heads.distribution import Distribution
from grucli.nn.window_scale import WindowScale


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
