"""A table, or one row, as it was read: times and numbers, with the place of each in the file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from grucli.data.timestamps import OF_THE_ZONE, Numbers, Times, TimeStyle, as_times
from grucli.dialect import Dialect
from grucli.errors import DataError

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a CSV file, in file order and not yet checked against each other.

    ``timestamps`` [N] are datetime64[us] (by the clock of ``zone`` or at ``style.offset``) or
    int64; ``values`` [N, C] float64 with NaN where a cell is missing; ``lines`` [N] the physical
    line of each row, None where row 0 stands on line 2 and every row takes one line. ``parts`` are
    the first row and the name of every file, where there are several; ``unit`` is row where the
    rows of a frame are counted instead of lines. ``notes`` say what was done to the times.
    """

    source: str
    time: str
    timestamps: Times
    columns: tuple[str, ...]
    values: Floats
    style: TimeStyle
    lines: Numbers | None = None
    zone: str = ""
    parts: tuple[tuple[int, str], ...] = ()
    unit: str = "line"
    notes: tuple[str, ...] = ()

    def line(self, row: int) -> int:
        """The physical line of a row in its file, counted from 1."""
        return row + 2 if self.lines is None else int(self.lines[row])

    def where(self, row: int) -> str:
        """``file:line`` of a row; of a frame its number."""
        if self.unit != "line":
            return f"{self.source}, {self.place(row)}"
        return f"{self._file(row)}:{self.line(row)}"

    def place(self, row: int) -> str:
        """Where a row stands, as said beside another row: ``line 5``, and of which file."""
        place = f"{self.unit} {self.line(row)}"
        return f"{place} of {self._file(row)}" if self.parts else place

    def _file(self, row: int) -> str:
        names = [name for start, name in self.parts if start <= row]
        return names[-1] if names else self.source

    def time_at(self, row: int) -> str:
        """The time of a row as it is written."""
        return self.style.format(self.timestamps[row])


def table_of_times(numbers: Numbers, style: TimeStyle, dialect: Dialect, **parts: Any) -> Table:
    """A table whose times were read as numbers; the other ``parts`` are those of Table."""
    zone = "" if style.integer else dialect.time_zone or ""
    if zone and style.offset == OF_THE_ZONE:
        style, zone = replace(style, zone=zone), ""
    return Table(timestamps=as_times(numbers, style), style=style, zone=zone, **parts)


def join_tables(tables: Sequence[Table]) -> Table:
    """Tables of the same columns as one, in the order given. Raises DataError for other times."""
    first, *others = tables
    if not others:
        return first
    problems = [
        f"{table.source}: times are {table.style.words}; expected {first.style.words}, as in "
        f"{first.source}; write the times of all files in one form"
        for table in others
        if table.style != first.style
    ]
    if problems:
        raise DataError(*problems)
    starts = np.cumsum([0, *(len(table.values) for table in tables[:-1])])
    lines = [
        np.arange(len(table.values)) + 2 if table.lines is None else table.lines for table in tables
    ]
    return replace(
        first,
        source=f"{first.source} and {len(others)} more",
        timestamps=np.concatenate([table.timestamps for table in tables]),
        values=np.concatenate([table.values for table in tables]),
        lines=np.concatenate(lines),
        parts=tuple(
            (int(start), table.source) for start, table in zip(starts, tables, strict=True)
        ),
    )


class Row(NamedTuple):
    """One row of a stream: its ``file:line``, its time as written and as a number, its values.

    ``moment`` is a whole number as it stands there, or microseconds since 1970 for a date;
    ``values`` are those of the wanted columns, NaN where a cell is missing.
    """

    where: str
    time: str
    moment: int
    values: tuple[float, ...]
    style: TimeStyle
