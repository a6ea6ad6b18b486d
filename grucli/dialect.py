"""How a table is written: what a recipe says of it, and the reader goes by."""

import codecs
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

DIRECTIVES = {
    "Y": "year, 4 digits",
    "y": "year, 2 digits (69 to 99 are 1969 to 1999)",
    "m": "month",
    "b": "month, English, of 3 letters",
    "B": "month, English",
    "d": "day of the month",
    "j": "day of the year",
    "G": "year of the ISO week",
    "V": "ISO week",
    "u": "day of the week, 1 is Monday",
    "a": "day of the week, English, of 3 letters",
    "A": "day of the week, English",
    "H": "hour, 0 to 23",
    "I": "hour, 1 to 12",
    "p": "AM or PM",
    "M": "minute",
    "S": "second",
    "f": "fraction of a second, up to 6 digits",
    "z": "offset from UTC",
    "%": "a percent sign",
}
"""What may stand behind a percent sign in a time format, as in C's strftime."""
PIECE = re.compile(r"%(.?)|[^%]", re.DOTALL)
"""One directive or one other character of a time format."""
FREQUENCY = r"([1-9][0-9]{0,8})(s|min|h|D|W|M|Q|Y|)"
"""A number of seconds, minutes, hours, days, weeks, months, quarters or years; or of steps."""
_NEEDS = {"d": "mbB", "M": "HI", "S": "M", "f": "S", "I": "p", "p": "I", "G": "V", "V": "G"}
_EXCLUDE = ("YyG", "mbB", "HI", "aAu", "jd", "jm", "jb", "jB", "Gm", "Gb", "GB", "Gj")


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    ``delimiter`` None is a tab in a file called .tsv, and a comma elsewhere. ``thousands`` None
    allows no separator within a number. ``time_format`` None reads ISO 8601 and whole numbers.
    ``time_zone`` is that of the clock that the times were read from; None leaves them as they are.
    ``missing_values`` are texts that stand for a missing value, beside the usual ones.
    """

    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    time_format: str | None = None
    time_zone: str | None = None
    missing_values: tuple[str, ...] = ()


def is_time_format(text: str) -> bool:
    """Whether a text is a format of times that says at least the year, everything once."""
    directives = [match[1] for match in PIECE.finditer(text) if match[1] not in (None, "%")]
    said = set(directives)
    return (
        said <= DIRECTIVES.keys()
        and len(said) == len(directives)
        and not said.isdisjoint("YyG")
        and all(not said.isdisjoint(needed) for one, needed in _NEEDS.items() if one in said)
        and all(len(said & set(names)) <= 1 for names in _EXCLUDE)
    )


def is_frequency(text: str) -> bool:
    """Whether a text is a distance between rows."""
    return text == "business_day" or re.fullmatch(FREQUENCY, text) is not None


def is_encoding(name: str) -> bool:
    """Whether Python has a text encoding of this name."""
    try:
        return isinstance("".encode(codecs.lookup(name).name), bytes)
    except (LookupError, UnicodeError, ValueError):
        return False


def is_time_zone(name: str) -> bool:
    """Whether the time-zone database has this name."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True
