"""A forecast of values and of how far they may be off.

Suffixes: B windows, K horizon steps, C targets.
"""

from abc import ABC, abstractmethod

from torch import Tensor


class Distribution(ABC):
    """A forecast of windows, in the units that the model reads (scaled)."""

    @property
    @abstractmethod
    def point(self) -> Tensor:
        """The forecast [B, K, C] as one number a value."""

    @property
    @abstractmethod
    def spread(self) -> Tensor:
        """The size of the errors to expect, above 0 and as a multiple of one and the same unit:
        [B, K, C], or 1 where that is the same for all.

        Errors divided by it can be held against each other from window to window.
        """
