"""Whole numbers that stand for dates: told from counters by where they jump."""

from dataclasses import dataclass
from math import prod

import numpy as np

from grucli.data.frequency import commonest_of
from grucli.data.timestamps import Flags, Numbers

_FIRST_YEAR, _LAST_YEAR = 1700, 2299


@dataclass(frozen=True)
class Part:
    """What follows the year in a number: its digits, its range, and by how much ends of it vary."""

    digits: int
    least: int
    greatest: int
    varies: int = 0

    @property
    def count(self) -> int:
        """Values that the part can take."""
        return self.greatest - self.least + 1


@dataclass(frozen=True)
class CalendarNumber:
    """A way to write a time as one number: its name, its form, and the parts behind the year."""

    name: str
    form: str
    parts: tuple[Part, ...]

    def places(self, numbers: Numbers) -> Numbers | None:
        """Numbers [N] without the jumps between their parts; None where one is out of range."""
        rest, place, weight = numbers, np.zeros(len(numbers), np.int64), 1
        for part in reversed(self.parts):
            rest, value = np.divmod(rest, 10**part.digits)
            if ((value < part.least) | (value > part.greatest)).any():
                return None
            place += (value - part.least) * weight
            weight *= part.count
        if ((rest < _FIRST_YEAR) | (rest > _LAST_YEAR)).any():
            return None
        return place + rest * weight

    @property
    def slack(self) -> int:
        """How far places jump at most where a part is shorter than its range, as a February is."""
        return max(
            part.varies * prod(below.count for below in self.parts[index + 1 :])
            for index, part in enumerate(self.parts)
        )

    def carries(self, numbers: Numbers) -> Flags:
        """Where a part above the last one changes from row to row, [N - 1]."""
        return np.asarray(np.diff(numbers // 10 ** self.parts[-1].digits) != 0)


_MONTH, _DAY = Part(2, 1, 12), Part(2, 1, 31, varies=3)
_HOUR, _SIXTIETH = Part(2, 0, 23), Part(2, 0, 59)
KINDS = (
    CalendarNumber("quarters", "YYYYQ", (Part(1, 1, 4),)),
    CalendarNumber("quarters", "YYYYQQ", (Part(2, 1, 4),)),
    CalendarNumber("months", "YYYYMM", (_MONTH,)),
    CalendarNumber("weeks", "YYYYWW", (Part(2, 1, 53, varies=1),)),
    CalendarNumber("days of a year", "YYYYDDD", (Part(3, 1, 366, varies=1),)),
    CalendarNumber("dates", "YYYYMMDD", (_MONTH, _DAY)),
    CalendarNumber("dates with an hour", "YYYYMMDDHH", (_MONTH, _DAY, _HOUR)),
    CalendarNumber("dates with a clock", "YYYYMMDDHHMM", (_MONTH, _DAY, _HOUR, _SIXTIETH)),
    CalendarNumber(
        "dates with a clock", "YYYYMMDDHHMMSS", (_MONTH, _DAY, _HOUR, _SIXTIETH, _SIXTIETH)
    ),
)
"""Where two kinds fit the same numbers, the first is meant."""


def find_calendar_number(numbers: Numbers) -> tuple[CalendarNumber, int] | None:
    """The kind of rising numbers [N] that are dates, and the row after their first jump.

    A counter has no reason to leave out just the numbers that no calendar has, so that it jumps
    where a year, month or day ends and nowhere else. Numbers within one year may be a counter.
    """
    gaps = np.diff(numbers)
    if not len(gaps) or (gaps == gaps[0]).all():
        return None
    for kind in KINDS:
        places = kind.places(numbers)
        if places is None:
            continue
        jumps = np.flatnonzero(kind.carries(numbers) & (gaps > commonest_of(gaps)))
        steps = np.diff(places)
        even = np.abs(steps[jumps] - commonest_of(steps)) <= kind.slack
        if even.sum() * 2 > len(jumps):
            return kind, int(jumps[0]) + 1
    return None
