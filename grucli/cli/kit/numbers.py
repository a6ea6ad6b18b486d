"""How numbers and times are written on a screen: one place for rounding."""

import math
from collections.abc import Sequence

NONE = "–"


def digits(value: float | None, count: int = 4) -> str:
    """Write a number with ``count`` significant digits; None and NaN as an en dash."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return format(value, f"#.{count}g").removesuffix(".")


def align_decimals(numbers: Sequence[str]) -> list[str]:
    """Pad numbers to one width so that their decimal points stand below each other.

    With exponents among them they are only set flush right.
    """
    if any("e" in number for number in numbers):
        room = max(map(len, numbers))
        return [number.rjust(room) for number in numbers]
    parts = [number.partition(".") for number in numbers]
    before = max((len(left) for left, _, _ in parts), default=0)
    after = max((len(point + right) for _, point, right in parts), default=0)
    return [left.rjust(before) + (point + right).ljust(after) for left, point, right in parts]


def power(value: float | None) -> str:
    """Write a small positive number as ``1.2e-03``."""
    return NONE if value is None or math.isnan(value) else format(value, ".1e")


def count(value: float) -> str:
    """Write a whole number with thousands set apart."""
    return format(round(value), ",") if math.isfinite(value) else NONE


def duration(seconds: float) -> str:
    """Write less than a minute as ``4.2 s``, more as ``clock`` does."""
    return f"{digits(seconds, 2)} s" if seconds < 60 else clock(seconds)


def clock(seconds: float | None) -> str:
    """Write a span of time as ``0:01:05``."""
    if seconds is None or not math.isfinite(seconds):
        return "-:--:--"
    whole = max(int(seconds), 0)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
