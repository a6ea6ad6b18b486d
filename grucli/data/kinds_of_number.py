"""What a target can be: real, nonnegative, whole, or counts, which are whole and nonnegative."""

from typing import TypeVar

from grucli.data.values import Floats
from grucli.tensors import Tensor

Numbers = TypeVar("Numbers", Floats, Tensor)
NONNEGATIVE, WHOLE = ("nonnegative", "counts"), ("whole", "counts")
"""Kinds that are never below zero, and those without a fraction."""


def nearest(values: Numbers, kind: str) -> Numbers:
    """The nearest numbers of this kind; arrays or tensors of any shape."""
    whole = values.round() if kind in WHOLE else values
    return whole.clip(0.0) if kind in NONNEGATIVE else whole
