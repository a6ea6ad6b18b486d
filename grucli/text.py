"""Words for people, whatever they are shown on: foreign text made safe, cut, counted and listed.

Names from tables, files and recipes are not to be trusted with a terminal: what stands in a message
or on a screen went through ``clean``, ``printable`` or ``quoted`` first.
"""

import math
import re
import sys
from collections.abc import Sequence

LONGEST_NAME, LONGEST_CELL = 200, 40
_LONGEST_ERROR = 4000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def clean(text: str) -> str:
    """Write out what a terminal would act on (escapes, line breaks) instead of showing it."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def printable(text: str, *, limit: int = LONGEST_NAME) -> str:
    """The text as ``clean`` has it, cut to ``limit`` characters, the last three of them dots."""
    return _cut(clean(text[: limit + 1]), limit)


def quoted(text: str, limit: int = LONGEST_CELL) -> str:
    """The text cut to ``limit`` characters, in quotes and with escapes as Python writes them."""
    return repr(_cut(text, limit))


def neutral(name: str) -> str:
    """Keep a spreadsheet from reading a name as a formula; a number is none."""
    is_safe = not name.startswith(_FORMULA_STARTS) or _NUMBER.fullmatch(name)
    return name if is_safe else f"'{name}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def shorten(text: str, width: int) -> str:
    """Cut a text to ``width`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def some(words: Sequence[str], most: int) -> str:
    """Write the first ``most`` words as a list, and how many there are beyond them."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def plural(count: int, noun: str, many: str = "", *, thousands: str = ",") -> str:
    """Write ``1 step`` or ``1,200 steps``.

    ``many`` is the plural where it does not end in an s alone; ``thousands`` sets thousands apart.
    """
    number = format(count, ",").replace(",", thousands)
    return f"{number} {noun if count == 1 else many or noun + 's'}"


def percent(share: float) -> str:
    """Write a share as per cent: ``3.2 %`` below ten, ``32 %`` above."""
    if not math.isfinite(share):
        return "–"
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 9.95 else f"{value:,.0f} %"


def model_words(member: int | None, members: int) -> str:
    """``model 2 of 3 · `` before a title, whose end may be cut; nothing of one alone."""
    return "" if member is None else f"model {member} of {members} · "


def tell_problem(problem: str) -> None:
    """Print one line of an error: whatever foreign text is in it, it cannot act as more."""
    if sys.stderr is not None:
        sys.stderr.write(f"error: {printable(problem, limit=_LONGEST_ERROR)}\n")
