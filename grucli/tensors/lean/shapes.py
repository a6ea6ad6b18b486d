"""Axes of a tensor, and which of its numbers stand where."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from grucli.tensors.lean.numbers import Held


class Shapes(Held):
    """Other shapes of the same numbers, and other orders."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.array.shape

    def dim(self) -> int:
        """How many axes there are."""
        return self.array.ndim

    def view(self, *shape: Any) -> Self:
        """Another shape; where the numbers cannot stay where they are, of a copy."""
        first = shape[0]
        return self._like(self.array.reshape(shape if isinstance(first, int) else tuple(first)))

    reshape = view

    def view_as(self, other: Any) -> Self:
        """The shape of another."""
        return self.view(other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """Some axes as one."""
        count = self.dim()
        first, last = start_dim % max(count, 1), end_dim % max(count, 1)
        front, inside, back = np.split(np.array(self.shape, int), [first, last + 1])
        return self.view((*front.tolist(), int(np.prod(inside)), *back.tolist()))

    def unsqueeze(self, dim: int) -> Self:
        """One axis more, of size 1."""
        return self._like(np.expand_dims(self.array, dim))

    def squeeze(self, dim: int) -> Self:
        """Without an axis if its size is 1."""
        return self._like(self.array.squeeze(dim) if self.shape[dim] == 1 else self.array)

    def transpose(self, first: int, second: int) -> Self:
        """Two axes in each other's place."""
        return self._like(self.array.swapaxes(first, second))

    @property
    def mT(self) -> Self:  # noqa: N802 (torch's name)
        """The last two axes in each other's place."""
        return self.transpose(-1, -2)

    def permute(self, *axes: int) -> Self:
        """The axes in another order."""
        return self._like(self.array.transpose(axes))

    def expand(self, *shape: int) -> Self:
        """Axes of size 1 repeated, and new ones in front; -1 leaves one as it is."""
        own = (1,) * (len(shape) - self.dim()) + self.shape
        whole = [old if new == -1 else new for old, new in zip(own, shape, strict=True)]
        return self._like(np.broadcast_to(self.array, whole))

    def expand_as(self, other: Any) -> Self:
        """Repeated to the shape of another."""
        return self.expand(*other.shape)

    def repeat(self, *counts: int) -> Self:
        """All along each axis so many times."""
        return self._like(np.tile(self.array, counts))

    def repeat_interleave(self, count: int, dim: int) -> Self:
        """Each along one axis so many times."""
        return self._like(self.array.repeat(count, axis=dim))

    def unbind(self, dim: int = 0) -> tuple[Self, ...]:
        """The parts along an axis, without it."""
        return tuple(self._like(part) for part in np.moveaxis(self.array, dim, 0))

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple[Self, ...]:
        """Parts along an axis: of one size, but for a last smaller one, or of each of several."""
        length = self.shape[dim]
        sizes = [size] * max(-(-length // size), 1) if isinstance(size, int) else size
        cuts = np.cumsum(sizes)[:-1]
        return tuple(self._like(part) for part in np.split(self.array, cuts, axis=dim))

    def chunk(self, count: int, dim: int = 0) -> tuple[Self, ...]:
        """So many parts along an axis."""
        return self.split(-(-self.shape[dim] // count), dim)

    def flip(self, *dims: int) -> Self:
        """Backwards along some axes."""
        return self._like(np.flip(self.array, dims))

    def unfold(self, dim: int, size: int, step: int) -> Self:
        """Runs of so many numbers, each ``step`` after the one before it, as a last axis."""
        runs = np.lib.stride_tricks.sliding_window_view(self.array, size, axis=dim)
        return self._like(runs[(slice(None),) * dim + (slice(None, None, step),)])

    def index_select(self, dim: int, index: Any) -> Self:
        """The parts along an axis at some places."""
        return self._like(self.array[(slice(None),) * dim + (index.array,)])

    def gather(self, dim: int, index: Any) -> Self:
        """Of each place the number that an index says along an axis."""
        shape = tuple(
            slice(None) if axis == dim else slice(size)
            for axis, size in enumerate(index.array.shape)
        )
        return self._like(np.take_along_axis(self.array[shape], index.array, axis=dim))

    def diff(self, dim: int = -1, prepend: Any = None) -> Self:
        """Each less the one before it along an axis."""
        front = {} if prepend is None else {"prepend": prepend.array}
        return self._like(np.diff(self.array, axis=dim, **front))
