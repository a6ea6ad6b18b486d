"""Checks along the time axis: rows in order, each once, at even distances."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data.calendar_numbers import find_calendar_number
from grucli.data.clocks import zone_of_change
from grucli.data.frequency import MICROSECONDS, Frequency, commonest_of, infer_frequency
from grucli.data.readers.cells import setting
from grucli.data.values import Table
from grucli.errors import DataError
from grucli.text import plural

NAMED_FAULTS = 10_000
"""Faults of one kind that are put into words."""


def check_times(
    table: Table, *, may_skip: bool, expected: Frequency | None = None
) -> tuple[Frequency, NDArray[np.int64]]:
    """The frequency of a table and the steps [N - 1] between its rows, all 1 without ``may_skip``.

    ``expected`` is taken where the rows fit it, so that a few rows are enough; otherwise the
    table's own frequency is inferred. Raises DataError for times that do not rise, that stand twice
    or do not fit the frequency, and (unless ``may_skip``) for absent rows.
    """
    _check_order(table)
    _check_calendar_numbers(table)
    frequency = expected if expected is not None and _fits(table, expected) else None
    if frequency is None and len(table.timestamps) < 2:
        raise DataError(
            f"{table.source}: one row; expected at least 2, so that the frequency can be seen"
        )
    frequency = replace(
        frequency or infer_frequency(table.timestamps, table.style), style=table.style
    )
    steps = frequency.rows_between(table.timestamps)
    _check_fit(table, frequency, steps)
    if not may_skip:
        _check_absent(table, frequency, steps)
    return frequency, steps


def _fits(table: Table, expected: Frequency) -> bool:
    """True where the rows are of a frequency, with some of them absent.

    Rows at a multiple of it have a frequency of their own. Two rows are too few to tell, and so are
    weekdays around a single weekend.
    """
    if (expected.unit == "steps") != table.style.integer:
        return False
    steps = expected.rows_between(table.timestamps)
    if (steps < 1).any():
        return False
    return len(steps) < 2 or (commonest_of(steps) == 1 and not _of_business_days(table, expected))


def _of_business_days(table: Table, expected: Frequency) -> bool:
    """Whether rows that could be daily leave out two weekends and more, and nothing else but."""
    if expected.unit != "microseconds" or expected.n != MICROSECONDS["day"]:
        return False
    days = table.timestamps.astype("datetime64[D]")
    weekends = (days[-1] - days[0]).astype(int) - np.busday_count(days[0], days[-1])
    return bool(np.is_busday(days).all() and weekends > 2)


def _check_order(table: Table) -> None:
    gaps = np.diff(table.timestamps).astype(np.int64)
    if (gaps > 0).all():
        return
    if (gaps < 0).all():
        raise DataError(
            f"{table.where(0)}: column {table.time!r}: times run backwards from {table.time_at(0)} "
            f"to {table.time_at(len(gaps))}; expected rising times; sort the table by time"
        )
    problems = {
        int(row): f"{table.time_at(row)} comes after {table.time_at(row - 1)} on "
        f"{table.place(row - 1)}; expected rising times{_clock_change(table, row)}; sort the table "
        "by time"
        for row in np.flatnonzero(gaps < 0)[:NAMED_FAULTS] + 1
    }
    order = np.argsort(table.timestamps, kind="stable")
    for place in np.flatnonzero(np.diff(table.timestamps[order]).astype(int) == 0)[:NAMED_FAULTS]:
        earlier, later = (int(row) for row in order[place : place + 2])
        problems[later] = (
            f"{table.time_at(later)} stands on {table.place(earlier)} too; expected each time "
            f"once{_clock_change(table, later)}; remove one of the rows"
        )
    raise DataError(*(_named(table, row, what) for row, what in sorted(problems.items())))


def _check_calendar_numbers(table: Table) -> None:
    """Whole numbers must count rows."""
    calendar = find_calendar_number(table.timestamps) if table.style.integer else None
    if calendar is not None:
        kind, row = calendar
        raise DataError(
            _named(
                table,
                row,
                f"{table.time_at(row)} comes after {table.time_at(row - 1)}: these are {kind.name} "
                f"({kind.form}), no count of rows; expected dates; write each as YYYY-MM-DD",
            )
        )


def _check_fit(table: Table, frequency: Frequency, steps: NDArray[Any]) -> None:
    """Every distance must be a multiple of the frequency."""
    odd = np.flatnonzero(steps < 1) + 1
    if not len(odd):
        return
    if len(odd) * 4 >= len(steps):
        raise DataError(
            f"{table.source}: column {table.time!r}: irregular times; the commonest distance is "
            f"{frequency.words}, and {len(odd)} of {len(steps)} distances do not fit it (the first "
            f"on {table.place(int(odd[0]))}); resample the table, or set data.regularise: true"
        )
    raise DataError(
        *(
            _named(
                table,
                row,
                f"{table.time_at(row)} does not fit after {table.time_at(row - 1)}; expected rows "
                f"{frequency.words}; correct the time or resample the table",
            )
            for row in odd[:NAMED_FAULTS]
        )
    )


def _check_absent(table: Table, frequency: Frequency, steps: NDArray[Any]) -> None:
    problems = []
    for row in np.flatnonzero(steps > 1)[:NAMED_FAULTS] + 1:
        count = int(steps[row - 1]) - 1
        problems.append(
            _named(
                table,
                row,
                f"{plural(count, 'row', thousands='')} {'are' if count > 1 else 'is'} absent "
                f"between {table.time_at(row - 1)} and {table.time_at(row)}; expected rows "
                f"{frequency.words}{_clock_change(table, row)}; add "
                f"{'them' if count > 1 else 'it'}, or set data.missing to forward, linear, mask or "
                "zero",
            )
        )
    if problems:
        raise DataError(*problems)


def _named(table: Table, row: int, what: str) -> str:
    return f"{table.where(row)}: column {table.time!r}: {what}"


def _clock_change(table: Table, row: int) -> str:
    """What to set where a clock may have been changed between the row before and this one."""
    style, moments = table.style, table.timestamps[row - 1 : row + 1].astype(np.int64)
    is_near = abs(int(moments[1] - moments[0])) < MICROSECONDS["day"]
    if not (is_near and style.has_clock) or style.offset or style.zone:
        return ""
    zone = zone_of_change(int(moments[1]))
    key = "" if zone is None else setting("time_zone", zone)
    return key and f" (a clock change? set {key} or the zone of the clock)"
