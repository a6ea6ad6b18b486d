"""What is done to every number of a tensor by itself."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from grucli.tensors.lean.numbers import Array, Held, alike, float32


def quiet(function: Callable[..., Any], *arrays: Any) -> Array:
    """What a function gives, as an array: infinite or no number without a warning, as in torch."""
    with np.errstate(all="ignore"):
        return np.asarray(function(*arrays))


def _sigmoid(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x))
    return result


def _with_other(function: Callable[..., Any], *, turned: bool = False) -> Callable[..., Any]:
    """A method of a tensor and another, or a number; ``turned`` when the other comes first."""

    def method(self: Any, other: Any) -> Any:
        if type(other) is complex or isinstance(other, str) or other is None:
            return NotImplemented
        x, y = alike(self.array, getattr(other, "array", other))
        return self._like(quiet(function, y, x) if turned else quiet(function, x, y))

    return method


def _of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that gives fractions, of whole numbers too."""

    def method(self: Any) -> Any:
        array = self.array if self.array.dtype.kind == "f" else self.array.astype(float32)
        return self._like(quiet(function, array))

    return method


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any) -> Any:
        return self._like(quiet(function, self.array))

    return method


def _divided(x: Array, y: Array) -> Array:
    whole = x.dtype.kind != "f"
    result: Array = np.true_divide(x, y, dtype=float32 if whole else x.dtype)
    return result


class Arithmetic(Held):
    """Operators, and the functions of one number."""

    __slots__ = ()

    __add__, __radd__ = _with_other(np.add), _with_other(np.add)
    __sub__, __rsub__ = _with_other(np.subtract), _with_other(np.subtract, turned=True)
    __mul__, __rmul__ = _with_other(np.multiply), _with_other(np.multiply)
    __truediv__, __rtruediv__ = _with_other(_divided), _with_other(_divided, turned=True)
    __floordiv__, __mod__ = _with_other(np.floor_divide), _with_other(np.remainder)
    __pow__, __rpow__ = _with_other(np.power), _with_other(np.power, turned=True)
    __lt__, __le__ = _with_other(np.less), _with_other(np.less_equal)
    __gt__, __ge__ = _with_other(np.greater), _with_other(np.greater_equal)
    __and__, __or__ = _with_other(np.bitwise_and), _with_other(np.bitwise_or)
    __matmul__, __rmatmul__ = _with_other(np.matmul), _with_other(np.matmul, turned=True)
    __eq__, __ne__ = _with_other(np.equal), _with_other(np.not_equal)
    __hash__ = object.__hash__

    __neg__, __invert__, __abs__ = _alone(np.negative), _alone(np.invert), _alone(np.abs)
    abs, square = _alone(np.abs), _alone(np.square)
    round, floor, ceil = _alone(np.round), _alone(np.floor), _alone(np.ceil)
    isnan, isfinite, reciprocal = _alone(np.isnan), _alone(np.isfinite), _alone(np.reciprocal)
    sqrt, exp, log = _of_floats(np.sqrt), _of_floats(np.exp), _of_floats(np.log)
    expm1, log1p = _of_floats(np.expm1), _of_floats(np.log1p)
    sigmoid, tanh = _of_floats(_sigmoid), _of_floats(np.tanh)
    sinh, cosh = _of_floats(np.sinh), _of_floats(np.cosh)
    asinh, acosh = _of_floats(np.arcsinh), _of_floats(np.arccosh)

    def clamp(self, min: Any = None, max: Any = None) -> Self:  # noqa: A002 (torch's names)
        """No less and no more than two bounds, of which either may be left out."""
        result = self.array
        for bound, function in ((min, np.maximum), (max, np.minimum)):
            if bound is not None:
                result = quiet(function, *alike(result, getattr(bound, "array", bound)))
        return self._like(result)

    clip = clamp

    def where(self, condition: Any, other: Any) -> Self:
        """The numbers where a condition holds, and elsewhere another's."""
        x, y = alike(self.array, getattr(other, "array", other))
        return self._like(np.where(condition.array, x, y))

    def masked_fill(self, mask: Any, value: float) -> Self:
        """The numbers where a mask is false, and elsewhere one other."""
        return self._like(np.where(mask.array, np.asarray(value, self.array.dtype), self.array))

    def softmax(self, dim: int) -> Self:
        """The chances along an axis whose logarithms the numbers are, but for a common part."""
        powers = quiet(np.exp, self.array - self.array.max(axis=dim, keepdims=True))
        return self._like(powers / powers.sum(axis=dim, keepdims=True))
