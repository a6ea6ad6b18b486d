"""Functions that numpy has none of, number by number; and torch's functions of one tensor."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grucli.tensors.lean.arithmetic import quiet
from grucli.tensors.lean.numbers import alike
from grucli.tensors.lean.tensor import Tensor


def _by_number(function: Callable[[float], float]) -> Callable[[Tensor], Tensor]:
    """A function of Python's on tensors: of what it refuses, no number."""

    def value(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.inf

    each = np.frompyfunc(value, 1, 1)

    def applied(values: Tensor) -> Tensor:
        return Tensor(np.asarray(each(values.array)).astype(values.dtype))

    return applied


erf, lgamma = _by_number(math.erf), _by_number(math.lgamma)


def xlogy(x: Tensor, y: Tensor) -> Tensor:
    """The product x log(y), 0 where x is."""
    a, b = alike(x.array, y.array)
    return Tensor(np.where(a == 0, np.asarray(0, a.dtype), quiet(lambda: a * np.log(b))))


def _function(name: str) -> Callable[[Tensor], Any]:
    def applied(values: Tensor) -> Any:
        return getattr(values, name)()

    return applied


sigmoid, tanh, exp, log = (_function(name) for name in ("sigmoid", "tanh", "exp", "log"))
expm1, log1p, floor, ceil = (_function(name) for name in ("expm1", "log1p", "floor", "ceil"))
sinh, cosh, asinh, acosh = (_function(name) for name in ("sinh", "cosh", "asinh", "acosh"))


def relu(values: Tensor) -> Tensor:
    """No less than zero."""
    return values.clamp(min=0)
