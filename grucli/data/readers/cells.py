"""What a cell may hold: a number, a missing value, or something to be explained."""

import math
import re

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null")
"""Texts that stand for a value that was not measured."""

BLANKS = " \t\v\f"
"""Characters that may surround the content of a cell."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MISSING = frozenset(MISSING_WORDS)
_HINTS = (
    (r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", "remove the thousands separators"),
    (r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]*", "write 1.234,5 as 1234.5"),
    (r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?", "write a decimal point, not a comma"),
    (r"[+-]?[0-9]{1,3}([ '_\u00a0\u202f][0-9]{3})+(\.[0-9]*)?", "remove the thousands separators"),
    (r"[+-]?[0-9]+(_[0-9]+)+", "remove the underscores"),
    (r"[+-]?[0-9.,]+ ?%", "write a number without %"),
    (r"[$€£¥]\s?[+-]?[0-9.,]+|[+-]?[0-9.,]+\s?[$€£¥]", "remove the currency sign"),
    (r"[+-]?0[xX][0-9a-fA-F]+", "write the number in decimal digits"),
    (r"(?i)[+-]?(inf|infinity)|-nan|\+nan", "leave the cell empty if there is no value"),
    (r"(?i)(none|n\.a\.|nan|na|null|missing|-+|\?+|\.+|#n/a)", "leave the cell empty"),
    (r"(?i)true|false|yes|no", "write 1 or 0"),
)


def parse_number(cell: str) -> float | None:
    """The float64 nearest to a cell, NaN where it is missing, None where it is no finite number."""
    text = cell.strip(BLANKS)
    if text in _MISSING:
        return math.nan
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def explain_number(cell: str) -> str:
    """Say what is wrong with a cell for which ``parse_number`` gave None, and what to do."""
    text = cell.strip(BLANKS)
    if _NUMBER.fullmatch(text) is not None:
        return (
            f"{show(cell)} is beyond the range of a float64; expected at most 1.8e308; "
            "correct the cell or leave it empty"
        )
    hint = next((hint for form, hint in _HINTS if re.fullmatch(form, text)), None)
    if hint is None and any(c.isdigit() and not c.isascii() for c in text):
        hint = "write the number with the digits 0 to 9"
    return (
        f"{show(cell)} is not a number; expected one such as 12.5 or -3e-2, or an empty cell; "
        f"{hint or 'correct the cell, or leave the column out of the recipe'}"
    )


def show(text: str, limit: int = 40) -> str:
    """A text from a file as it may stand in a message: quoted, escaped, cut to ``limit``."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return repr(cut)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """A count and what is counted: ``1 row``, ``2 rows``; ``many`` where it ends otherwise."""
    return f"{count} {noun}" if count == 1 else f"{count} {many or noun + 's'}"
