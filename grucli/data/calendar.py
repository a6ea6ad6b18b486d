"""What the calendar says of times, as numbers that a model can read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.calendars import (
    CYCLES,
    FESTIVALS,
    HOLIDAYS,
    LUNAR,
    calendar_columns,
    country_of,
)
from grucli.columns import Columns
from grucli.data.clocks import to_clock
from grucli.data.frequency import MICROSECONDS, ONE_DAY, Frequency
from grucli.data.panel import Panel
from grucli.data.split import Span
from grucli.data.timestamps import Times
from grucli.data.values import Floats
from grucli.errors import DataError, RecipeError, pip_install

_DAY = MICROSECONDS["day"]
_MONDAY = 4  # 1970-01-05
_FIRST_LUNAR, _END_OF_LUNAR = date(1900, 1, 31), date(2100, 2, 9)
_FESTIVAL_DAYS = {(1, 1), (1, 15), (5, 5), (7, 7), (8, 15), (9, 9)}
"""Spring Festival, Lantern, Dragon Boat, Qixi, Mid-Autumn, Double Ninth; New Year's Eve beside."""


def add_calendar(panel: Panel, columns: Columns, parts: Sequence[str]) -> Panel:
    """A panel of ``columns.read`` with the columns of the calendar at their places.

    Raises DataError where times are no dates or a package is missing, RecipeError for an unknown
    country.
    """
    if not parts:
        return panel
    values = calendar_values(panel.timestamps, parts, panel.frequency, where=panel.source)
    place = columns.calendar_places.start
    measured = np.ones(values.shape, bool)
    return replace(
        panel,
        columns=columns,
        values=np.insert(panel.values, [place], values, axis=1),
        observed=np.insert(panel.observed, [place], measured, axis=1),
        missing=(*panel.missing[:place], *("error",) * values.shape[1], *panel.missing[place:]),
    )


def check_calendar(panel: Panel, span: Span, parts: Sequence[str]) -> None:
    """Raise DataError for a part of the calendar that says the same of all rows of a span."""
    problems = []
    for part in parts:
        places = [panel.columns.place(name) for name in calendar_columns(part)]
        rows = [series[:, places] for series in span.parts(panel.values)]
        if all((series == rows[0][0]).all() for series in rows):
            problems.append(
                f"data.calendar: {part}: the same in all rows of the training span (rows are "
                f"{panel.frequency.words}); expected a part that varies; leave it out"
            )
    if problems:
        raise DataError(*problems)


def calendar_values(
    times: Times, parts: Sequence[str], frequency: Frequency, *, where: str
) -> Floats:
    """The columns of the calendar at times [N]: [N, C], by the clock that they are written in.

    Of a row that stands for more than a day, holidays and festivals are counted: from its day up to
    the next row's, or where rows stand on the last day of a month those of its months.
    """
    if not parts:
        return np.empty((len(times), 0))
    if frequency.unit == "steps":
        raise DataError(
            f"{where}: data.calendar {', '.join(parts)}: rows are {frequency.words}; expected "
            "dates; leave data.calendar out, or write the times as dates"
        )
    own, inverse = np.unique(times, return_inverse=True)
    clock = to_clock(own, frequency.style.zone)
    columns = [column for part in parts for column in _PARTS[_kind(part)](part, clock, frequency)]
    return np.stack(columns, axis=1)[inverse]


def _kind(part: str) -> str:
    return HOLIDAYS if part.startswith(HOLIDAYS) else part


def _waves(share: Any) -> list[Floats]:
    """Sine and cosine of a share of a circle."""
    return [np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)]


def _cycle(part: str, clock: Times, _frequency: Frequency) -> list[Floats]:
    days = clock.astype("datetime64[D]")
    if part == "hour":
        return _waves((clock - days).astype(np.int64) / _DAY)
    if part == "weekday":
        return _waves((days.astype(np.int64) - _MONDAY) % 7 / 7)
    if part == "month":
        return _waves(clock.astype("datetime64[M]").astype(np.int64) % 12 / 12)
    years = clock.astype("datetime64[Y]")
    first, last = (year.astype("datetime64[D]") for year in (years, years + np.timedelta64(1, "Y")))
    return _waves((days - first).astype(np.int64) / (last - first).astype(np.int64))


def _lunar(part: str, clock: Times, _frequency: Frequency) -> list[Floats]:
    dates = np.array([_lunar_date(part, day) for day in clock.astype("datetime64[D]").tolist()])
    return [*_waves((dates[:, 0] - 1) / 12), *_waves((dates[:, 1] - 1) / 30)]


def _holidays(part: str, clock: Times, frequency: Frequency) -> list[Floats]:
    own = _holidays_of(part)
    return [_count(clock, frequency, lambda day: day in own)]


def _festivals(part: str, clock: Times, frequency: Frequency) -> list[Floats]:
    return [_count(clock, frequency, lambda day: _is_festival(part, day))]


_PARTS: dict[str, Callable[[str, Times, Frequency], list[Floats]]] = {
    **dict.fromkeys(CYCLES, _cycle),
    LUNAR: _lunar,
    FESTIVALS: _festivals,
    HOLIDAYS: _holidays,
}


def _count(clock: Times, frequency: Frequency, is_one: Callable[[date], bool]) -> Floats:
    """How many days of each row's time are such days."""
    start, stop = _days_of(clock, frequency)
    first = start.min()
    every = np.arange(first, stop.max())
    counted = np.concatenate([[0], np.cumsum([is_one(day) for day in every.tolist()])])
    begin, end = ((days - first).astype(np.int64) for days in (start, stop))
    return np.asarray(counted[end] - counted[begin], float)


def _days_of(clock: Times, frequency: Frequency) -> tuple[NDArray[Any], NDArray[Any]]:
    """The days that each row stands for, from the first up to, but without, the last."""
    days = clock.astype("datetime64[D]")
    if frequency.unit == "months" and frequency.month_end:
        earlier = np.timedelta64(frequency.n - 1, "M")
        return (clock.astype("datetime64[M]") - earlier).astype("datetime64[D]"), days + ONE_DAY
    if frequency.unit == "months":
        following = [frequency.future(time, 1)[0] for time in clock]
        return days, np.array(following).astype("datetime64[D]")
    long = frequency.n // _DAY if frequency.unit == "microseconds" else 1
    return days, days + max(1, long) * ONE_DAY


def _holidays_of(part: str) -> Any:
    try:
        import holidays
    except ImportError as error:
        raise _missing(part, "holidays", "holidays") from error
    country, region = country_of(part)
    try:
        return holidays.country_holidays(country, subdiv=region)
    except NotImplementedError as error:
        raise RecipeError(
            f"data.calendar: {part}: holidays knows no such country or region; expected a code of "
            "ISO 3166, such as holidays.DE or holidays.US-CA"
        ) from error


def _is_festival(part: str, day: date) -> bool:
    tomorrow = _lunar_date(part, day + timedelta(days=1))
    own = _lunar_date(part, day)
    is_leap = own[2]
    return (tuple(own[:2]) in _FESTIVAL_DAYS and not is_leap) or tuple(tomorrow[:2]) == (1, 1)


@cache
def _lunar_date(part: str, day: date) -> tuple[int, int, bool]:
    """Month and day of the Chinese calendar, and whether the month is a leap month."""
    try:
        from lunardate import LunarDate
    except ImportError as error:
        raise _missing(part, "lunardate", "lunar") from error
    if not _FIRST_LUNAR <= day < _END_OF_LUNAR:  # lunardate gives nonsense there
        raise DataError(
            f"data.calendar: {part}: {day} is beyond what lunardate knows; expected days from "
            f"{_FIRST_LUNAR} to before {_END_OF_LUNAR}; leave it out"
        )
    own = LunarDate.from_solar_date(day.year, day.month, day.day)
    return own.month, own.day, bool(own.is_leap_month)


def _missing(part: str, package: str, extra: str) -> DataError:
    return DataError(
        f"data.calendar: {part}: worked out by the package {package}; expected it to be installed; "
        f"install it with `{pip_install(extra)}`"
    )
