"""Times as texts and as numbers: ISO 8601 dates, dates with a time of day, whole numbers.

All cells of a time column have one form (``TimeStyle``), so that a whole column can be parsed from
a matrix of bytes and every time written back as it was read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from grucli.text import quoted

Times = np.ndarray[tuple[int, ...], np.dtype[Any]]
"""datetime64[us] (wall-clock time at the column's offset) or int64."""
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:([ T])([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_LOOKED_AT = 100
"""Characters of a cell that are looked at to say what is wrong with it."""
_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class TimeStyle:
    """How the times of one column are written.

    ``separator`` is '' for dates and whole numbers. ``digits`` counts those of the fraction of a
    second; ``offset`` is '', 'Z' or like '+01:00', the same in the whole column.
    """

    integer: bool = False
    separator: str = ""
    seconds: bool = False
    digits: int = 0
    offset: str = ""

    @property
    def words(self) -> str:
        """The form, for messages."""
        if self.integer:
            return "a whole number"
        if not self.separator:
            return "YYYY-MM-DD"
        fraction = "." + "f" * self.digits if self.digits else ""
        clock = "HH:MM" + (":SS" if self.seconds else "") + fraction
        return f"YYYY-MM-DD{self.separator}{clock}{self.offset}"

    @property
    def width(self) -> int:
        """Characters of a date in this form."""
        return len(self.words)

    def format(self, time: Any) -> str:
        """Write one element of a column of times in this form."""
        if self.integer:
            return str(int(time))
        text = str(np.datetime64(time, "us"))
        if not self.separator:
            return text[:10]
        clock = text[11:16] + (text[16:19] if self.seconds else "")
        fraction = "." + text[20 : 20 + self.digits] if self.digits else ""
        return f"{text[:10]}{self.separator}{clock}{fraction}{self.offset}"


def find_style(cell: str) -> TimeStyle | None:
    """The form of a time, or None if grucli does not read it."""
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


def parse_dates(cells: Bytes, style: TimeStyle) -> tuple[Numbers, Flags]:
    """Dates as bytes [N, width] to int64 microseconds since 1970 [N], and which of them are valid.

    The calendar is the proleptic Gregorian one, years 1 to 9999, hours 00 to 23.
    """
    digits = cells - np.uint8(ord("0"))
    valid = np.ones(len(cells), bool)
    for place, letter in enumerate(style.words):
        valid &= digits[:, place] <= 9 if letter in "YMDHSf" else cells[:, place] == ord(letter)
    year, month, day = _number(digits, 0, 4), _number(digits, 5, 2), _number(digits, 8, 2)
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    valid &= day <= _DAYS[np.minimum(month, 12)] + leap
    months = ((year - 1970) * 12 + month - 1).view("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    micros = days * 86_400_000_000
    if style.separator:
        clock, within_day = _clock(digits, style)
        micros += clock
        valid &= within_day
    return micros, valid


def _number(digits: Bytes, start: int, size: int) -> Numbers:
    """The decimal number in ``size`` columns of digits."""
    total = np.zeros(len(digits), np.int64)
    for place in range(start, start + size):
        total = total * 10 + digits[:, place]
    return total


def _clock(digits: Bytes, style: TimeStyle) -> tuple[Numbers, Flags]:
    """Microseconds since midnight, and which of them lie within a day."""
    hour, minute = _number(digits, 11, 2), _number(digits, 14, 2)
    micros = (hour * 60 + minute) * 60_000_000
    valid = (hour <= 23) & (minute <= 59)
    if style.seconds:
        second = _number(digits, 17, 2)
        micros += second * 1_000_000
        valid &= second <= 59
    if style.digits:
        micros += _number(digits, 20, style.digits) * 10 ** (6 - style.digits)
    return micros, valid


def parse_cells(cells: Sequence[str], style: TimeStyle) -> tuple[Numbers, Flags]:
    """Times that all have the form ``style`` as numbers, and which of them are valid."""
    if style.integer:
        return np.array([int(cell) for cell in cells], np.int64), np.ones(len(cells), bool)
    matrix = np.frombuffer("".join(cells).encode(), np.uint8).reshape(len(cells), style.width)
    return parse_dates(matrix, style)


def parse_time(cell: str, style: TimeStyle) -> int | None:
    """One time of the form ``style`` as ``parse_cells`` reads it; None where it is not valid.

    Without arrays: for a single cell, making them takes longer than everything else.
    """
    if style.integer:
        return int(cell)
    clock = (int(cell[11:13]), int(cell[14:16])) if style.separator else ()
    seconds = (int(cell[17:19]),) if style.seconds else ()
    fraction = int(cell[20 : 20 + style.digits].ljust(6, "0")) if style.digits else 0
    try:
        moment = datetime(int(cell[:4]), int(cell[5:7]), int(cell[8:10]), *clock, *seconds)
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND + fraction


def explain_time(cell: str, style: TimeStyle | None) -> str:
    """Say what is wrong with a time that could not be read in the column's form."""
    own = find_style(cell)
    if not cell:
        return "no time; expected one in every row; fill it in or remove the row"
    if own is None:
        return f"{quoted(cell)} is not a time grucli reads; {_time_remedy(cell[:_LOOKED_AT])}"
    if style is not None and own != style:
        if own.offset != style.offset and own.separator:
            return (
                f"{quoted(cell)} has the offset {own.offset or 'none'}; expected "
                f"{style.offset or 'none'}, as in the first row (a clock change?); write all times "
                "in UTC or with one offset"
            )
        return (
            f"{quoted(cell)} is written in another form than the first row; expected "
            f"{style.words}; write all times in one form"
        )
    return (
        f"{quoted(cell)} does not exist in the calendar; expected a valid {own.words}; correct it"
    )


def _time_remedy(cell: str) -> str:
    if re.fullmatch(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}.*", cell):
        return "day and month cannot be told apart; write it as YYYY-MM-DD"
    if re.fullmatch(r"[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}.*", cell):
        return "write it as YYYY-MM-DD"
    if re.fullmatch(r"[0-9]{4}-[0-9]{1,2}", cell):
        return "write a month as its first day, YYYY-MM-01"
    if re.fullmatch(r"[+-]?[0-9]+\.[0-9]*", cell):
        return "write whole numbers, or dates as YYYY-MM-DD"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T].*\.[0-9]{7,}.*", cell):
        return "write at most 6 digits of a second"
    return (
        "expected YYYY-MM-DD, YYYY-MM-DD HH:MM, YYYY-MM-DD HH:MM:SS, or whole numbers without "
        "leading zeros"
    )
