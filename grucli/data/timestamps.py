"""Times as texts and as numbers: ISO 8601, a format that a recipe gives, whole numbers.

All cells of a time column have one form (``TimeStyle``), so that a whole column can be parsed from
a matrix of bytes and every time written back as it was read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from grucli.data.clocks import clock_at, moment_of
from grucli.data.time_formats import Template, offset_words, parse_offset, time_format

Times = np.ndarray[tuple[int, ...], np.dtype[Any]]
"""datetime64[us] (of the column's clock, or UTC where it has a zone) or int64."""
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:([ T])([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
OF_THE_ZONE = "zone"
"""In place of an offset: that of the time zone at each time."""


@dataclass(frozen=True)
class TimeStyle:
    """How the times of one column are written.

    ``separator`` is '' for dates and whole numbers. ``digits`` counts those of the fraction of a
    second; ``offset`` is '', 'Z' or like '+01:00', the same in the whole column, or OF_THE_ZONE.
    ``pattern`` is a time format, and takes the place of all these. With a ``zone`` times are kept
    in UTC and written by the clock of that time zone.
    """

    integer: bool = False
    separator: str = ""
    seconds: bool = False
    digits: int = 0
    offset: str = ""
    pattern: str = ""
    zone: str = ""

    @property
    def words(self) -> str:
        """The form, for messages."""
        if self.integer:
            return "a whole number"
        if self.pattern:
            return self.pattern
        if not self.separator:
            return "YYYY-MM-DD"
        fraction = "." + "f" * self.digits if self.digits else ""
        clock = "HH:MM" + (":SS" if self.seconds else "") + fraction
        return f"YYYY-MM-DD{self.separator}{clock}{self.offset.replace(OF_THE_ZONE, '+HH:MM')}"

    @property
    def has_clock(self) -> bool:
        """Whether a time says the hour."""
        return bool(self.separator or re.search("%[HI]", self.pattern))

    @property
    def _width(self) -> int:
        """Characters in front of the offset."""
        return (19 if self.seconds else 16) + (1 + self.digits if self.digits else 0)

    @property
    def template(self) -> Template | None:
        """The place of every part; None where they vary from time to time."""
        if self.integer or self.offset == OF_THE_ZONE:
            return None
        if self.pattern:
            return time_format(self.pattern).template
        template = Template("YYYY MM DD", "    -  -  ")
        if self.separator:
            template += Template(" hh mm", f"{self.separator}  :  ")
        if self.seconds:
            template += Template(" ss", ":  ")
        if self.digits:
            template += Template(" " + "f" * self.digits, "." + " " * self.digits)
        return template + Template(" " * len(self.offset), self.offset)

    def parse(self, cell: str) -> int | None:
        """One time of this form as ``parse_cells`` reads it; None if not valid.

        Microseconds on the clock it is written by, or in UTC where every time has its own offset.

        Without arrays: for a single cell, making them takes longer than everything else.
        """
        if self.pattern:
            return time_format(self.pattern).parse(cell)
        if self.integer:
            return int(cell)
        clock = (int(cell[11:13]), int(cell[14:16])) if self.separator else ()
        seconds = (int(cell[17:19]),) if self.seconds else ()
        fraction = int(cell[20 : 20 + self.digits].ljust(6, "0")) if self.digits else 0
        try:
            moment = datetime(int(cell[:4]), int(cell[5:7]), int(cell[8:10]), *clock, *seconds)
            if self.offset == OF_THE_ZONE:
                moment -= parse_offset(cell[self._width :])
        except (ValueError, OverflowError):
            return None
        return (moment - _EPOCH) // _MICROSECOND + fraction

    def find(self, text: str) -> int | None:
        """The number of a time that a person writes, in this form or in ISO 8601; or None."""
        number = self.parse(text) if self.pattern else None
        if number is not None and self.offset == OF_THE_ZONE:
            return number
        if number is None:
            style = find_style(text)
            if style is None or style.integer != self.integer:
                return None
            if style.offset not in {"", self.offset}:
                return None
            number = style.parse(text)
        return moment_of(number, self.zone) if number is not None and self.zone else number

    def format(self, time: Any) -> str:
        """Write one element of a column of times in this form."""
        if self.integer:
            return str(int(time))
        moment = int(np.datetime64(time, "us").astype(np.int64))
        try:
            clock, offset = clock_at(moment, self.zone)
        except OverflowError:
            return "a time beyond the years 1 to 9999"
        if self.pattern:
            return time_format(self.pattern).format(clock, offset)
        text = clock.isoformat(self.separator or " ", "microseconds")
        if not self.separator:
            return text[:10]
        fraction = text[19 : 20 + self.digits] if self.digits else ""
        ending = offset_words(offset) if self.offset == OF_THE_ZONE else self.offset
        return f"{text[: 19 if self.seconds else 16]}{fraction}{ending}"


def find_style(cell: str) -> TimeStyle | None:
    """The form of a time in ISO 8601 or of a whole number; None for anything else."""
    if _INTEGER.fullmatch(cell):
        return TimeStyle(integer=True)
    match = _ISO.fullmatch(cell)
    if match is None or (match[5] and not match[4]):
        return None
    return TimeStyle(
        separator=match[2] or "",
        seconds=match[4] is not None,
        digits=len(match[5] or ""),
        offset=match[6] or "",
    )


def as_times(numbers: Numbers, style: TimeStyle) -> Times:
    """Microseconds since 1970 as datetime64[us]; whole numbers stay int64."""
    return numbers if style.integer else numbers.view("datetime64[us]")


def parse_dates(cells: Bytes, template: Template) -> tuple[Numbers, Flags]:
    """Dates as bytes [N, width] to int64 microseconds since 1970 [N], and which of them are valid.

    The calendar is the proleptic Gregorian one, years 1 to 9999, hours 00 to 23.
    """
    digits = cells - np.uint8(ord("0"))
    valid = np.ones(len(cells), bool)
    for place, (role, literal) in enumerate(zip(template.roles, template.literals, strict=True)):
        valid &= digits[:, place] <= 9 if role != " " else cells[:, place] == ord(literal)
    year, month, day = (_part(digits, template, role) for role in "YMD")
    month, day = (np.ones_like(year) if part is None else part for part in (month, day))
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    valid &= day <= _DAYS[np.minimum(month, 12)] + leap
    months = ((year - 1970) * 12 + month - 1).view("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    micros = days * 86_400_000_000
    for role, limit, unit in (("h", 24, 3600), ("m", 60, 60), ("s", 60, 1)):
        part = _part(digits, template, role)
        if part is not None:
            micros += part * (unit * 1_000_000)
            valid &= part < limit
    fraction = _part(digits, template, "f")
    if fraction is not None:
        micros += fraction * 10 ** (6 - template.roles.count("f"))
    return micros, valid


def _part(digits: Bytes, template: Template, role: str) -> Any:
    """The decimal number in the columns of one part; None where the template has no such part."""
    if role not in template.roles:
        return None
    total = np.zeros(len(digits), np.int64)
    start = template.roles.index(role)
    for place in range(start, start + template.roles.count(role)):
        total = total * 10 + digits[:, place]
    return total


def parse_cells(cells: Sequence[str], style: TimeStyle) -> tuple[Numbers, Flags]:
    """Times that all have the form ``style`` as numbers, and which of them are valid."""
    if style.integer:
        return np.array([int(cell) for cell in cells], np.int64), np.ones(len(cells), bool)
    template = style.template
    if template is not None and not style.pattern:
        width = len(template.roles)
        matrix = np.frombuffer("".join(cells).encode(), np.uint8).reshape(len(cells), width)
        return parse_dates(matrix, template)
    parsed = [style.parse(cell) for cell in cells]
    valid = np.array([number is not None for number in parsed], bool)
    return np.array([number or 0 for number in parsed], np.int64), valid
