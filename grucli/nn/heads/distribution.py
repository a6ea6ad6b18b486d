"""A forecast of values and of how they may come out.

Suffixes: B windows, K horizon steps, C targets, P parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor


class Distribution(ABC):
    """A forecast of windows, in the units that the model reads (scaled)."""

    @property
    @abstractmethod
    def point(self) -> Tensor:
        """The forecast [B, K, C] as one number a value: the median."""

    @property
    @abstractmethod
    def spread(self) -> Tensor:
        """The size of the errors to expect, above 0 and as a multiple of one and the same unit:
        [B, K, C], or 1 where that is the same for all.

        Errors divided by it can be held against each other from window to window.
        """

    @abstractmethod
    def quantile(self, level: float) -> Tensor:
        """The value [B, K, C] that the truth is below with a chance of ``level``."""

    @abstractmethod
    def losses(self, target_BKC: Tensor) -> Tensor:
        """How badly each truth was forecast, [B, K, C]: what training makes smaller."""

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Distribution":
        """The forecast of values that a rising function is put upon, of what is known by values."""
        raise NotImplementedError(type(self).__name__)

    def settled(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The ends of an interval as values that there can be."""
        return low, high

    def crps(self, _truth_BKC: Tensor) -> Tensor | None:
        """The continuous ranked probability score [B, K, C] in closed form; None without one."""
        return None


class Head(ABC):
    """What the values that a decoder gives mean: ``parameters`` of them for each target.

    The first is where the value lies: what a linear skip adds to.
    """

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Numbers that are read for each value."""

    @abstractmethod
    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> Distribution:
        """The forecast of windows whose normalisation is undone."""

    def check_windows(self, normalise: str, *, seasonal: bool) -> None:  # noqa: B027
        """Raise ValueError for windows that are normalised in a way that it does not go with, or
        ``seasonal``: given without their profile.
        """

    def fed_back(self, location: Tensor) -> Tensor:
        """What stands for the value as an input of the next step, of its first parameter."""
        return location
