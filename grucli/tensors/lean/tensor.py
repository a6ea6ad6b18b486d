"""An array that answers to torch's names, with their meaning."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from grucli.computing import without_torch
from grucli.tensors.lean.arithmetic import Arithmetic
from grucli.tensors.lean.numbers import Array
from grucli.tensors.lean.reductions import Reductions
from grucli.tensors.lean.shapes import Shapes
from grucli.tensors.lean.steps import Step, first_step, is_grad_enabled
from grucli.tensors.lean.types import Types


class Device(str):
    """A place for numbers, of which there is one: ``cpu``. ``meta`` is where they have none:

    as a context it makes what is built inside ``Outline`` s.
    """

    meta = False
    """Whether such a context is open."""

    @property
    def type(self) -> str:
        """The name."""
        return str(self)

    def __enter__(self) -> Self:
        Device.meta = self == "meta"
        return self

    def __exit__(self, *_: object) -> None:
        Device.meta = False


CPU = Device("cpu")


class Tensor(Types, Arithmetic, Shapes, Reductions):
    """Numbers in ``array``; slices are views, as torch's are."""

    __slots__ = ()
    __array_priority__ = 1000
    is_cpu = True
    device = CPU

    def __repr__(self) -> str:
        return f"tensor({self.array!r})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.array(self.array, dtype) if copy else np.asarray(self.array, dtype)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Self]:
        return iter(self.unbind())

    def __getitem__(self, index: Any) -> Self:
        return self._like(self.array[indices(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[indices(index)] = value.array if isinstance(value, Tensor) else value

    def __bool__(self) -> bool:
        return bool(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __index__(self) -> int:
        return int(self.array)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.array.dtype

    def data_ptr(self) -> int:
        """Where the numbers begin."""
        place: int = self.array.__array_interface__["data"][0]
        return place

    def stride(self, axis: int) -> int:
        """Numbers from one to the next along an axis."""
        return self.array.strides[axis] // self.array.itemsize

    def is_contiguous(self) -> bool:
        """Whether the numbers lie in order."""
        return bool(self.array.flags.c_contiguous)

    def contiguous(self) -> Self:
        """The same in order."""
        return self if self.is_contiguous() else self._like(np.ascontiguousarray(self.array))

    def is_neg(self) -> bool:
        """False: a sign is never kept apart from its numbers."""
        return False

    def is_floating_point(self) -> bool:
        """Whether the numbers may have fractions."""
        return self.array.dtype.kind == "f"

    def cpu(self) -> Self:
        """The same."""
        return self

    def detach(self) -> Self:
        """The same."""
        return self

    def clone(self) -> Self:
        """A copy."""
        return self._like(self.array.copy())

    def requires_grad_(self) -> "Tensor":
        """The same numbers, of which gradients can be asked."""
        return self.tracked(first_step())

    def tracked(self, step: Step, place: int = 0) -> "Tracked":
        """The same as one of the results of a step."""
        return Tracked(self.array, step, place)

    def numpy(self) -> Array:
        """The array itself."""
        return self.array

    def tolist(self) -> Any:
        """Plain numbers, in lists."""
        return self.array.tolist()

    def item(self) -> Any:
        """The one number."""
        return self.array.item()

    def copy_(self, other: "Tensor") -> Self:
        """Write the numbers of another."""
        self[...] = other
        return self

    def new_zeros(self, *shape: Any) -> Self:
        """Zeros of this type."""
        return self._like(np.zeros(sizes(shape), self.dtype))

    def new_ones(self, *shape: Any) -> Self:
        """Ones of this type."""
        return self._like(np.ones(sizes(shape), self.dtype))

    def new_empty(self, *shape: Any) -> Self:
        """Any numbers of this type."""
        return self._like(np.empty(sizes(shape), self.dtype))

    def new_tensor(self, values: Any) -> Self:
        """Other numbers of this type."""
        return self._like(np.array(values, self.dtype))

    def _drawn(self, *_: Any, **__: Any) -> Self:
        without_torch("drawing weights")

    uniform_ = normal_ = _drawn


class Tracked(Tensor):
    """A tensor of which gradients are asked, one of the results of a ``step``."""

    __slots__ = ("place", "step")
    requires_grad = True

    def __init__(self, array: Array, step: Step, place: int = 0) -> None:
        super().__init__(array)
        self.step, self.place = step, place

    def _like(self, array: Any) -> Any:
        made = Tensor(np.asarray(array))
        if is_grad_enabled() and made.is_floating_point():
            raise RuntimeError("no gradient is known of this function here; torch knows it")
        return made

    def requires_grad_(self) -> Self:
        """The same: they can."""
        return self

    def detach(self) -> Any:
        """The numbers alone, from which no way leads back."""
        return Tensor(self.array)

    def new_zeros(self, *shape: Any) -> Any:
        """Zeros of this type."""
        return self.detach().new_zeros(*shape)

    def new_ones(self, *shape: Any) -> Any:
        """Ones of this type."""
        return self.detach().new_ones(*shape)

    def new_empty(self, *shape: Any) -> Any:
        """Any numbers of this type."""
        return self.detach().new_empty(*shape)

    def new_tensor(self, values: Any) -> Any:
        """Other numbers of this type."""
        return self.detach().new_tensor(values)


class Outline(Tensor):
    """A shape without numbers, in the place of weights that are still to be put there.

    What would draw or write some does nothing.
    """

    def __init__(self, array: Array) -> None:
        super().__init__(np.broadcast_to(np.zeros((), array.dtype), array.shape))

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def _drawn(self, *_: Any, **__: Any) -> Self:
        return self

    uniform_ = normal_ = zero_ = fill_ = _drawn


def sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape that is given as numbers or as one tuple of them."""
    return tuple(shape[0]) if shape and isinstance(shape[0], tuple | list) else shape


def indices(index: Any) -> Any:
    """Tensors of an index as the arrays that numpy takes."""
    if isinstance(index, tuple):
        return tuple(each.array if isinstance(each, Tensor) else each for each in index)
    return index.array if isinstance(index, Tensor) else index
