"""Functions that numpy has none of, number by number; and torch's functions of one tensor."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grucli.tensors.lean.arithmetic import quiet
from grucli.tensors.lean.numbers import Array, alike
from grucli.tensors.lean.steps import Back, differentiable
from grucli.tensors.lean.tensor import Tensor


def _by_number(function: Callable[[float], float], *backs: Back) -> Callable[[Tensor], Tensor]:
    """A function of Python's on tensors: of what it refuses, no number."""

    def value(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.inf

    each = np.frompyfunc(value, 1, 1)

    @differentiable(*backs)
    def applied(values: Tensor) -> Tensor:
        return Tensor(np.asarray(each(values.array)).astype(values.dtype))

    return applied


_FAR = 8.0
"""From here on the first terms of the series of digamma are exact to float64."""
_TERMS = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


@differentiable()
def digamma(values: Tensor) -> Tensor:
    """The derivative of lgamma above 0, by its recurrence and Stirling's series."""
    x = values.array.astype(np.float64)
    before: Array = np.zeros_like(x)
    for _ in range(int(_FAR)):
        near = x < _FAR
        before, x = before - near / x, x + near
    terms = sum(term / x ** (2 * place) for place, term in enumerate(_TERMS, start=1))
    return Tensor(before + np.log(x) - 1 / (2 * x) - terms).to(values)


erf = _by_number(math.erf)
lgamma = _by_number(math.lgamma, lambda g, values: g * digamma(values))


@differentiable()
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


@differentiable(lambda g, values: g * (values > 0).to(g.dtype))
def relu(values: Tensor) -> Tensor:
    """No less than zero."""
    return values.clamp(min=0)
