"""Types of numbers: what torch makes of two of them, which numpy would make wider."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

float32, float64 = np.dtype("float32"), np.dtype("float64")
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, bool_ = np.dtype("uint8"), np.dtype("bool")
_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2}
"""Of two kinds the higher one decides."""


def rank(dtype: np.dtype[Any]) -> int:
    """0 of truths, 1 of whole numbers, 2 of others."""
    return _RANKS[dtype.kind]


def of_both(x: Array, y: Array) -> np.dtype[Any]:
    """The type of what two arrays give together; one without an axis counts as a number does."""
    ranks = rank(x.dtype), rank(y.dtype)
    if ranks[0] != ranks[1]:
        return x.dtype if ranks[0] > ranks[1] else y.dtype
    if (x.ndim == 0) != (y.ndim == 0):
        return y.dtype if x.ndim == 0 else x.dtype
    return np.promote_types(x.dtype, y.dtype)


def beside(x: Array, number: float) -> np.dtype[Any]:
    """The type of what an array and a number of Python's give together."""
    if isinstance(number, float):
        return x.dtype if x.dtype.kind == "f" else float32
    return int64 if x.dtype.kind == "b" and not isinstance(number, bool) else x.dtype


def alike(x: Array, y: Any) -> tuple[Array, Array]:
    """An array and another, or a number, as arrays of one type."""
    if not isinstance(y, np.ndarray):
        number = y.item() if isinstance(y, np.generic) else y
        dtype = beside(x, number)
        return x.astype(dtype, copy=False), np.asarray(number, dtype)
    if x.dtype == y.dtype:
        return x, y
    dtype = of_both(x, y)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


def summed_in(x: Array) -> np.dtype[Any]:
    """The type in which numbers are added up: float32 loses digits over a long axis."""
    return float64 if x.dtype.kind == "f" else int64


class Held:
    """Numbers in ``array``, and others like them."""

    __slots__ = ("array",)
    requires_grad = False

    def __init__(self, array: Array) -> None:
        self.array = array

    def _like(self, array: Any) -> Self:
        """The same class of other numbers; a number alone becomes an array without an axis."""
        return type(self)(np.asarray(array))
