"""What gates make of their arguments."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Activation:
    """What a gate makes of its argument; ``formula`` is what formulas call it.

    Below ``left`` and above ``right`` it is at its ends, which ``ends`` has in words. A relu has
    but one, at which a unit is dead. ``function`` works it out for one number.
    """

    name: str
    formula: str
    left: float
    right: float
    ends: tuple[str, str]
    function: Callable[[float], float]


def logistic(value: float) -> float:
    """1 / (1 + exp(-a)) without overflow."""
    small = math.exp(-abs(value))
    return (1.0 if value >= 0 else small) / (1 + small)


def relu(value: float) -> float:
    """The larger of a and 0."""
    return max(value, 0.0)


LOGISTIC = Activation("logistic", "s", 0.1, 0.9, ("shut", "open"), logistic)
TANH = Activation("tanh", "tanh", -0.9, 0.9, ("below -0.9", "above 0.9"), math.tanh)
RELU = Activation("relu", "relu", 1e-12, math.inf, ("zero", ""), relu)
