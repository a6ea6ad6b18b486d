"""Numbers that a model says, with the digits that float32 has, in which it computes."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data import Scaler
from grucli.data.values import Floats
from grucli.tensors import Tensor, torch

_LOST = 1e-4
"""Where float32 numbers are further apart than this share of a spread, it has too few digits."""
_DIGITS = 7
"""Decimal digits of a float32 number."""
_MOST = 17
"""Those of a float64 number."""


def original(scaler: Scaler, scaled: Tensor) -> Tensor:
    """Scaled [..., C] in original units, as ``shortest`` has them."""
    return shortest(scaler, scaler.unscale(scaled.double()))


def shortest(scaler: Scaler, values: Tensor) -> Tensor:
    """Values [..., C] in original units, each the shortest decimal number of the same float32.

    Where a column's numbers are so large beside their spread that float32 cannot tell them apart,
    as of a level of 2e9, they keep as many digits behind the spread.
    """
    free, exact = replace(scaler, numbers="real"), values.cpu().double()
    with np.errstate(over="ignore", invalid="ignore"):
        single = exact.numpy().astype(np.float32)
        spread = (free.unscale(free.scale(exact) + 1) - exact).abs().numpy()
        is_told_apart = np.spacing(np.abs(single)) <= _LOST * spread
    found = float32_digits(single)
    if not is_told_apart.all():
        found = np.where(is_told_apart, found, _rounded(exact.numpy(), spread))
    return torch.from_numpy(found)


def float32_digits(values: Tensor | NDArray[Any]) -> Floats:
    """Numbers of any shape on the CPU, each the shortest decimal number of the same float32."""
    return np.asarray(values, np.float32).astype(str).astype(np.float64)


def _rounded(values: Floats, spread: Floats) -> Floats:
    """Values with so many digits behind the first of their spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = _DIGITS + np.log10(np.abs(values)) - np.log10(spread)
    digits = np.clip(np.ceil(np.nan_to_num(digits, nan=_MOST, posinf=_MOST)), _DIGITS, _MOST)
    pairs = zip(values.ravel(), digits.ravel(), strict=True)
    return np.array([float(f"{value:.{int(n) - 1}e}") for value, n in pairs]).reshape(values.shape)
