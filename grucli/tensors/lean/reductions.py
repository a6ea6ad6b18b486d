"""What many numbers of a tensor come to."""

from typing import Any, Self

import numpy as np

from grucli.tensors.lean.numbers import Held, summed_in


class Reductions(Held):
    """Sums and the like, over all axes or one; sums of float32 are added up in float64."""

    __slots__ = ()

    def _reduced(self, array: Any) -> Self:
        dtype = self.array.dtype
        return self._like(np.asarray(array, dtype if dtype.kind == "f" else None))

    def sum(self, dim: Any = None, keepdim: bool = False) -> Self:
        """The sum."""
        kind = summed_in(self.array)
        return self._reduced(self.array.sum(axis=dim, keepdims=keepdim, dtype=kind))

    def mean(self, dim: Any = None, keepdim: bool = False) -> Self:
        """The mean; of nothing it is no number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            total = self.array.sum(axis=dim, keepdims=keepdim, dtype=summed_in(self.array))
            return self._reduced(total / np.asarray(self.array.size / max(np.size(total), 1)))

    def cumsum(self, dim: int) -> Self:
        """Sums of all numbers up to each along an axis."""
        return self._reduced(self.array.cumsum(axis=dim, dtype=summed_in(self.array)))

    def amax(self, dim: Any = None) -> Self:
        """The largest."""
        return self._like(self.array.max(axis=dim))

    def max(self) -> Self:
        """The largest of all."""
        return self.amax()

    def min(self) -> Self:
        """The smallest of all."""
        return self._like(self.array.min())

    def argmax(self, dim: int | None = None) -> Self:
        """Where the first of the largest stands along an axis, or of all in order."""
        return self._like(self.array.argmax(axis=dim))

    def all(self, dim: Any = None) -> Self:
        """Whether all are true."""
        return self._like(self.array.all(axis=dim))

    def any(self, dim: Any = None) -> Self:
        """Whether any is true."""
        return self._like(self.array.any(axis=dim))

    def nonzero(self) -> Self:
        """The places that are not zero, [N, axes]."""
        return self._like(np.argwhere(self.array))

    def numel(self) -> int:
        """How many numbers there are."""
        return self.array.size
