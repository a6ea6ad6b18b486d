"""The times of a table by the clock of a time zone: put in UTC, or left on the clock."""

from dataclasses import replace

import numpy as np

from grucli.data.clocks import to_clock, to_utc
from grucli.data.frequency import MICROSECONDS, commonest_of
from grucli.data.timestamps import OF_THE_ZONE, Flags, Numbers, TimeStyle, as_times
from grucli.data.values import Table
from grucli.errors import DataError
from grucli.text import plural

_NAMED_FAULTS = 10_000


def place_in_zone(table: Table, bounds: Numbers | None = None) -> Table:
    """The table with its times in UTC, so that clock changes leave rows evenly spaced.

    Series s of several has the rows ``bounds[s]`` to ``bounds[s + 1]``; the longest tells for all.
    Rows a day or more apart stay on the clock, and so do rows that are evenly spaced there and not
    in UTC, such as one every six hours by the clock. Raises DataError for times that the clock
    never shows.
    """
    if not table.zone or len(table.timestamps) == 0:
        return _days_on_the_clock(table, bounds)
    clock = table.timestamps.astype(np.int64)
    bounds = np.array([0, len(clock)]) if bounds is None else bounds
    moments, twice, never = to_utc(clock, table.zone, firsts=bounds[:-1])
    longest = int(np.diff(bounds).argmax())
    rows = slice(*bounds[longest : longest + 2].tolist())
    if _belongs_to_the_clock(clock[rows], moments[rows], never[rows]):
        return replace(table, zone="")
    if never.any():
        raise DataError(
            *(
                f"{table.where(row)}: column {table.time!r}: {table.time_at(row)} does not exist "
                f"in {table.zone}, where clocks were put forward; expected a time of its clock; "
                "correct it, or leave data.read.time_zone out if the clock of this table is never "
                "changed"
                for row in np.flatnonzero(never)[:_NAMED_FAULTS]
            )
        )
    style, notes = replace(table.style, zone=table.zone), table.notes
    if twice.any():
        count = plural(int(twice.sum()), "time", thousands="")
        notes += (
            f"{count} in hours that clocks of {table.zone} go through twice, read in the order of "
            "rows: first before the change, then behind it",
        )
    times = as_times(moments, style)
    return replace(table, timestamps=times, style=style, zone="", notes=notes)


def _days_on_the_clock(table: Table, bounds: Numbers | None) -> Table:
    """Rows that have offsets, without these where they are a day or more apart by the clock of the
    zone and not evenly spaced in UTC.
    """
    style = table.style
    if style.offset != OF_THE_ZONE or style.pattern or len(table.timestamps) < 2:
        return table
    clock = to_clock(table.timestamps, style.zone)
    rows = slice(None)
    if bounds is not None:
        longest = int(np.diff(bounds).argmax())
        rows = slice(*bounds[longest : longest + 2].tolist())
    gaps, passed = (np.diff(t[rows]).astype(np.int64) for t in (clock, table.timestamps))
    if not len(gaps) or commonest_of(gaps) < MICROSECONDS["day"]:
        return table
    if (passed % commonest_of(passed) == 0).all():
        return table
    if (clock == clock.astype("datetime64[D]")).all():
        return replace(table, timestamps=clock, style=TimeStyle())
    return replace(table, timestamps=clock, style=replace(style, offset="", zone=""))


def _belongs_to_the_clock(clock: Numbers, moments: Numbers, never: Flags) -> bool:
    """Whether the rows are spaced by the clock and not by the time that passes."""
    gaps = np.diff(clock)
    if not len(gaps):
        return False
    commonest = commonest_of(gaps)
    if commonest >= MICROSECONDS["day"]:
        return True
    if (gaps <= 0).any() or (gaps % commonest != 0).any() or never.any():
        return False
    passed = np.diff(moments)
    return bool((passed % commonest_of(passed) != 0).any())
