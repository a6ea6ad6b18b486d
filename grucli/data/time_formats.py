"""Times written in a format of percent signs, read as strictly as ISO 8601 and written back."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from grucli.dialect import PIECE

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)
_DIGITS = {"Y": 4, "G": 4, "y": 2, "m": 2, "d": 2, "j": 3, "V": 2, "u": 1, "H": 2, "I": 2}
_DIGITS |= {"M": 2, "S": 2, "f": 6}
_ROLES = {"Y": "Y", "m": "M", "d": "D", "H": "h", "M": "m", "S": "s"}
GUESSES = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%m.%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %Y",
    "%B %Y",
    "%b-%y",
    "%G-W%V",
    "%G-W%V-%u",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", " %H")


@dataclass(frozen=True)
class Template:
    """A form in which every part has a fixed place.

    ``roles`` has a letter of YMDhmsf for each digit of year, month, day, hour, minute, second and
    fraction of a second; where it has a blank, the form has the character of ``literals``.
    """

    roles: str
    literals: str

    def __add__(self, other: "Template") -> "Template":
        """The form of a text of this one followed by one of another."""
        return Template(self.roles + other.roles, self.literals + other.literals)


class TimeFormat:
    """A format such as ``%d.%m.%Y``, compiled."""

    def __init__(self, text: str) -> None:
        """``text`` is a sound format, see ``grucli.dialect.is_time_format``."""
        self.text = text
        pieces = [(match[0], match[1]) for match in PIECE.finditer(text)]
        self._pattern = re.compile("".join(map(_expression, *_with_neighbours(pieces))))
        self.template = _template(pieces)

    def parse(self, cell: str) -> int | None:
        """Microseconds since 1970 on the clock of the cell, or in UTC where it has an offset.

        None where the cell is written otherwise or names no time of the calendar.
        """
        match = self._pattern.fullmatch(cell)
        if match is None:
            return None
        said = match.groupdict()
        try:
            moment = _moment(said)
        except (ValueError, OverflowError):
            return None
        return (moment - _EPOCH) // _MICROSECOND

    def format(self, moment: datetime, offset: timedelta) -> str:
        """Write a time of the clock in this format; ``offset`` is that of the clock from UTC."""
        year, week, weekday = moment.isocalendar()
        written = {
            "Y": f"{moment.year:04}",
            "y": f"{moment.year % 100:02}",
            "m": f"{moment.month:02}",
            "b": _MONTHS[moment.month - 1][:3],
            "B": _MONTHS[moment.month - 1],
            "d": f"{moment.day:02}",
            "j": f"{moment.timetuple().tm_yday:03}",
            "G": f"{year:04}",
            "V": f"{week:02}",
            "u": str(weekday),
            "a": _DAYS[weekday - 1][:3],
            "A": _DAYS[weekday - 1],
            "H": f"{moment.hour:02}",
            "I": f"{moment.hour % 12 or 12:02}",
            "p": "AM" if moment.hour < 12 else "PM",
            "M": f"{moment.minute:02}",
            "S": f"{moment.second:02}",
            "f": f"{moment.microsecond:06}",
            "z": offset_words(offset),
            "%": "%",
        }
        return PIECE.sub(lambda piece: written[piece[1]] if piece[1] else piece[0], self.text)


@cache
def time_format(text: str) -> TimeFormat:
    """The format of a text, compiled once."""
    return TimeFormat(text)


def guess_formats(cell: str) -> list[str]:
    """The common formats in which a time may be written."""
    return [
        day + clock
        for day in GUESSES
        for clock in _CLOCKS
        if time_format(day + clock).parse(cell) is not None
    ]


Piece = tuple[str, str | None]


def _with_neighbours(pieces: list[Piece]) -> tuple[list[Piece], list[bool]]:
    """Every piece, and whether digits of another stand directly beside it."""
    numeric = [directive in _DIGITS for _, directive in pieces]
    beside = [
        any(numeric[place] for place in (at - 1, at + 1) if 0 <= place < len(pieces))
        for at in range(len(pieces))
    ]
    return pieces, beside


def _expression(piece: Piece, beside: bool) -> str:
    """The regular expression of a piece; digits may be fewer where no other digits are beside."""
    text, directive = piece
    if directive is None or directive == "%":
        return re.escape(text[-1])
    if directive in _DIGITS:
        most = _DIGITS[directive]
        least = most if beside or directive in "YGyu" else 1
        return f"(?P<{directive}>[0-9]{{{least},{most}}})"
    words = {
        "b": "|".join(name[:3] for name in _MONTHS),
        "B": "|".join(_MONTHS),
        "a": "|".join(name[:3] for name in _DAYS),
        "A": "|".join(_DAYS),
        "p": "AM|PM",
        "z": "Z|[+-][0-9]{2}:?[0-9]{2}",
    }
    return f"(?P<{directive}>(?i:{words[directive]}))"


def _template(pieces: list[Piece]) -> Template | None:
    """The places of a format whose parts are all numbers; None for other formats."""
    roles = literals = ""
    for text, directive in pieces:
        if directive is None or directive == "%":
            roles, literals = roles + " ", literals + text[-1]
        elif directive in _ROLES and text[-1].isascii():
            width = _DIGITS[directive]
            roles, literals = roles + _ROLES[directive] * width, literals + " " * width
        else:
            return None
    return Template(roles, literals) if literals.isascii() else None


def _moment(said: dict[str, str]) -> datetime:
    """The time that the parts of a cell say. Raises ValueError where the calendar has none."""
    day = _day(said)
    weekday = said.get("a") or said.get("A")
    if weekday and _DAYS[day.weekday()][:3].lower() != weekday[:3].lower():
        raise ValueError("another day of the week")
    if "u" in said and "G" not in said and int(said["u"]) != day.isoweekday():
        raise ValueError("another day of the week")
    hour = int(said.get("H", "0"))
    if "I" in said:
        if not 1 <= int(said["I"]) <= 12:
            raise ValueError("hours before and after noon are 1 to 12")
        hour = int(said["I"]) % 12 + (12 if said["p"].upper() == "PM" else 0)
    moment = datetime(
        day.year,
        day.month,
        day.day,
        hour,
        int(said.get("M", "0")),
        int(said.get("S", "0")),
        int(said.get("f", "0").ljust(6, "0")),
    )
    return moment - parse_offset(said.get("z", "Z"))


def _day(said: dict[str, str]) -> date:
    if "G" in said:
        return date.fromisocalendar(int(said["G"]), int(said["V"]), int(said.get("u", "1")))
    year = int(said["Y"]) if "Y" in said else (int(said["y"]) - 69) % 100 + 1969
    if "j" in said:
        first = date(year, 1, 1)
        days = int(said["j"])
        if not 1 <= days <= 365 + (date(year, 12, 31).timetuple().tm_yday == 366):
            raise ValueError("no such day of the year")
        return first + timedelta(days=days - 1)
    month = int(said.get("m", "1"))
    if name := said.get("b") or said.get("B"):
        month = [known[:3].lower() for known in _MONTHS].index(name[:3].lower()) + 1
    return date(year, month, int(said.get("d", "1")))


def offset_words(offset: timedelta) -> str:
    """An offset from UTC as ISO 8601 writes it, such as +02:00."""
    minutes = offset // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def parse_offset(text: str) -> timedelta:
    """An offset such as Z, +02:00 or -0330. Raises ValueError where there is no such."""
    if text in "Zz":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)
