"""The distance between two rows: inferred from a time column, said in words, and continued."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from grucli.data.timestamps import Numbers, Times, TimeStyle
from grucli.dialect import is_time_format, is_time_zone
from grucli.errors import CheckpointError, DataError
from grucli.forms import Fields, Number, OneOf, Truth, check_form, form_of
from grucli.text import plural, quoted

MICROSECONDS = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000}
"""Lengths of the units that frequencies are said in."""

LARGEST_STEP = 2**48
"""So that many of them together are still whole numbers of 64 bits; 8.9 years of microseconds."""

UNITS = ("steps", "microseconds", "months", "business_days")
_SHORTEST_MONTH_DAYS = 28
_LONGEST_OF_A_YEAR = 92
"""Days in the longest step of which whole ones are held for a year, though they do not make one."""
_GREATEST_COUNTER = 10**18 - 1
_LAST_DAY = np.datetime64("9999-12-31")
ONE_DAY, _ONE_MONTH = np.timedelta64(1, "D"), np.timedelta64(1, "M")


@dataclass(frozen=True)
class Frequency:
    """``n`` steps of a ``unit``: steps (whole numbers), microseconds, months or business_days.

    ``month_end`` says that every row stands on the last day of its month. ``style`` is how the
    table writes times. Two frequencies are equal whatever these two are.
    """

    unit: str
    n: int
    month_end: bool = field(default=False, compare=False)
    style: TimeStyle = field(default=TimeStyle(integer=True), compare=False)

    @property
    def words(self) -> str:
        """The frequency as a person says it, such as ``weekly (7 days)``."""
        if self.unit == "steps":
            return "numbered one by one" if self.n == 1 else f"numbered in steps of {self.n}"
        if self.unit == "months":
            known = {1: "monthly", 3: "quarterly", 12: "yearly"}
            return known.get(self.n, f"every {self.n} months")
        if self.unit == "business_days":
            return "business days (Monday to Friday)"
        for unit, length in MICROSECONDS.items():
            if self.n % length == 0:
                count = self.n // length
                if count == 1:
                    return {"day": "daily", "hour": "hourly", "minute": "every minute"}[unit]
                weekly = unit == "day" and count == 7
                return "weekly (7 days)" if weekly else f"every {count} {unit}s"
        return f"every {self.n / 1e6:g} seconds"

    @property
    def calendar_seasons(self) -> dict[int, str]:
        """Rows in the seasons that the calendar suggests, shortest first, with their names.

        A day and a week of hours, a week and a year (365.25 days, rounded) of days, a year of weeks
        or months.
        """
        if self.unit == "months":
            return {12 // self.n: "a year"} if 12 % self.n == 0 and self.n < 12 else {}
        if self.unit == "business_days":
            return {5: "a week", 261: "a year"}
        if self.unit != "microseconds":
            return {}
        day = MICROSECONDS["day"]
        seasons = {
            length // self.n: name
            for length, name in ((day, "a day"), (7 * day, "a week"))
            if self.n < length and length % self.n == 0
        }
        if day <= self.n <= _LONGEST_OF_A_YEAR * day:
            seasons[round(365.25 * day / self.n)] = "a year"
        return seasons

    def future(self, last: Any, steps: int) -> Times:
        """The ``steps`` timestamps that follow ``last``. Raises DataError beyond the year 9999."""
        if self._ends_beyond(last, steps):
            limit = "18 digits" if self.unit == "steps" else "the year 9999"
            raise DataError(
                f"{plural(steps, 'step')} ({self.words}) after {self.format(last)} end beyond "
                f"{limit}; expected times up to there; ask for fewer steps"
            )
        count = np.arange(1, steps + 1) * self.n
        if self.unit == "steps":
            return np.asarray(int(last) + count)
        if self.unit == "microseconds":
            return np.asarray(np.datetime64(last, "us") + count.astype("timedelta64[us]"))
        if self.unit == "business_days":
            return _add_business_days(np.datetime64(last, "us"), count)
        return _add_months(np.datetime64(last, "us"), count, self.month_end)

    def _ends_beyond(self, last: Any, steps: int) -> bool:
        """Whether so many steps end where no time can be written; in whole numbers without end."""
        if self.unit == "steps":
            return int(last) + steps * self.n > _GREATEST_COUNTER
        if self.unit == "months":
            month = np.datetime64(last, "M").astype(int)
            return int(month) + steps * self.n > int(_LAST_DAY.astype("datetime64[M]").astype(int))
        if self.unit == "business_days":
            weekdays = int(np.busday_count(np.datetime64(last, "D"), _LAST_DAY + ONE_DAY)) - 1
            return steps > weekdays
        micros = int(np.datetime64(last, "us").astype(np.int64)) + steps * self.n
        return micros >= int((_LAST_DAY + ONE_DAY).astype("datetime64[us]").astype(np.int64))

    def after(self, moment: int) -> int:
        """The timestamp that follows one, both as whole numbers (dates: microseconds)."""
        if self.unit in ("steps", "microseconds"):
            return moment + self.n
        return int(self.future(np.datetime64(moment, "us"), 1)[0].astype(np.int64))

    def rows_between(self, timestamps: Times) -> np.ndarray[Any, Any]:
        """Steps of this frequency between neighbours, [N - 1]; 0 where they do not fit it."""
        if self.unit == "months":
            months = np.diff(_months(timestamps))
            expected = _add_months(timestamps[:-1], months, self.month_end)
            fits = (expected == timestamps[1:]) & (months % self.n == 0)
            return np.where(fits, months // self.n, 0)
        if self.unit == "business_days":
            days = timestamps.astype("datetime64[D]")
            count = np.busday_count(days[:-1], days[1:])
            expected = _add_business_days(timestamps[:-1], count)
            return np.where((expected == timestamps[1:]) & np.is_busday(days[1:]), count, 0)
        gaps = np.diff(timestamps).astype(np.int64)
        return np.where(gaps % self.n == 0, gaps // self.n, 0)

    def format(self, timestamp: Any) -> str:
        """One timestamp as the table writes it."""
        return self.style.format(timestamp)

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain values, for a checkpoint."""
        return {
            "unit": self.unit,
            "n": self.n,
            "month_end": self.month_end,
            "style": asdict(self.style),
        }

    @classmethod
    def from_plain(cls, plain: Any) -> "Frequency":
        """The frequency that ``to_plain`` gave. Raises CheckpointError for anything else."""
        check_form(_FORM, plain, "frequency")
        style = TimeStyle(**plain["style"])
        is_written = not style.pattern or is_time_format(style.pattern)
        if not is_written or (style.zone and not is_time_zone(style.zone)):
            raise CheckpointError(
                f"frequency.style: pattern {quoted(style.pattern)} and zone {quoted(style.zone)}; "
                "expected a format of times and a time zone; the file was changed"
            )
        return cls(plain["unit"], plain["n"], plain["month_end"], style)


_FORM = Fields(
    {
        "unit": OneOf(UNITS),
        "n": Number(least=1, most=LARGEST_STEP, whole=True),
        "month_end": Truth(),
        "style": Fields(
            {},
            {name: form_of(value) for name, value in asdict(TimeStyle()).items()}
            | {"separator": OneOf(("", " ", "T")), "digits": Number(0, 6, whole=True)},
        ),
    }
)


def commonest_of(gaps: Numbers) -> int:
    """The value that stands most often in an array, the smaller one of two."""
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[np.argmax(counts)])


def infer_frequency(timestamps: Times, style: TimeStyle) -> Frequency:
    """The commonest distance between neighbours of increasing timestamps [N], N >= 2.

    Rows on one day of the month, or all on the last, that are a month or more apart have a
    frequency in calendar months; daily rows that leave out every weekend, business days.
    """
    gaps = np.diff(timestamps).astype(np.int64)
    if style.integer:
        return Frequency("steps", commonest_of(gaps), style=style)
    if gaps.min() >= _SHORTEST_MONTH_DAYS * MICROSECONDS["day"]:
        days = timestamps.astype("datetime64[D]")
        month_days = (days - days.astype("datetime64[M]")).astype(int)
        at_end = bool(
            ((days + ONE_DAY).astype("datetime64[M]") != days.astype("datetime64[M]")).all()
        )
        if at_end or len(np.unique(month_days)) == 1:
            months = np.diff(_months(timestamps))
            return Frequency("months", commonest_of(months), month_end=at_end, style=style)
    commonest = commonest_of(gaps)
    if commonest == MICROSECONDS["day"] and _skips_weekends(timestamps):
        return Frequency("business_days", 1, style=style)
    return Frequency("microseconds", commonest, style=style)


def _skips_weekends(timestamps: Times) -> bool:
    """Whether no row stands on a weekend although the rows span one."""
    days = timestamps.astype("datetime64[D]")
    weekdays = np.busday_count(days[0], days[-1])
    return bool(np.is_busday(days).all() and weekdays < (days[-1] - days[0]).astype(int))


def _months(timestamps: Times) -> np.ndarray[Any, Any]:
    return timestamps.astype("datetime64[M]").astype(np.int64)


def _add_months(start: Any, months: np.ndarray[Any, Any], month_end: bool) -> Times:
    """Timestamps so many calendar months on: the same day, or the last of the month."""
    moment = np.asarray(start)
    first = moment.astype("datetime64[M]")
    target = first + months.astype("timedelta64[M]")
    last_day = (target + _ONE_MONTH).astype("datetime64[D]") - ONE_DAY
    day = moment.astype("datetime64[D]") - first.astype("datetime64[D]")
    same_day = np.minimum(target.astype("datetime64[D]") + day, last_day)
    chosen = last_day if month_end else same_day
    return np.asarray(chosen + (moment - moment.astype("datetime64[D]")))


def _add_business_days(start: Any, count: np.ndarray[Any, Any]) -> Times:
    """Timestamps so many days from Monday to Friday on, at the same time of day."""
    moment = np.asarray(start)
    day = moment.astype("datetime64[D]")
    return np.asarray(np.busday_offset(day, count, roll="backward") + (moment - day))
