"""How numbers, times and foreign text are written: one place for rounding and for safe words."""

import math
from collections.abc import Sequence

NONE = "–"

_ASCII = str.maketrans("–·×…→◆▸│┤└─━╸▁▂▃▄▅▆▇█", "--x~>*>||+-==_.:-=+*#")


def ascii_glyphs(text: str) -> str:
    """Replace the glyphs that the views draw with by ASCII ones, one for one."""
    return text.translate(_ASCII)


def clean(text: str) -> str:
    """Write out what a terminal would act on (escapes, line breaks) instead of showing it."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def shorten(text: str, width: int) -> str:
    """Cut a text to ``width`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


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


def some(words: Sequence[str], most: int) -> str:
    """Write the first ``most`` words as a list, and how many there are beyond them."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def plural(value: int, word: str, many: str | None = None) -> str:
    """Write ``1 step`` or ``1,200 steps``; ``many`` where it ends otherwise."""
    return f"{value:,} {word if value == 1 else many or word + 's'}"


def clock(seconds: float | None) -> str:
    """Write a span of time as ``0:01:05``."""
    if seconds is None or not math.isfinite(seconds):
        return "-:--:--"
    whole = max(int(seconds), 0)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def percent(share: float) -> str:
    """Write a share as per cent: ``3.2 %`` below ten, ``32 %`` above."""
    if not math.isfinite(share):
        return NONE
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 9.95 else f"{value:,.0f} %"
