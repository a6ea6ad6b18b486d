"""A table, or one row, as it was read: times and numbers, with the place of each in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.data.timestamps import OF_THE_ZONE, Numbers, Times, TimeStyle, as_times
from grucli.dialect import Dialect
from grucli.errors import DataError

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of texts: row n holds ``words[codes[n]]``.

    ``codes`` [N] count the words in the order in which they first appear.
    """

    name: str
    codes: NDArray[np.int32]
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a CSV file, in file order and not yet checked against each other.

    ``timestamps`` [N] are datetime64[us] (by the clock of ``zone`` or at ``style.offset``) or
    int64; ``values`` [N, C] float64 with NaN where a cell is missing; ``lines`` [N] the physical
    line of each row, None where row 0 stands on line 2 and every row takes one line. ``texts`` are
    columns of texts, such as the names of series, none of them empty anywhere. ``files`` are the
    names of the files where there are several, ``file_of`` [N] the number of that of each row;
    ``unit`` is row where the rows of a frame are counted instead of lines. ``notes`` say what was
    done to the times. ``categories`` maps columns whose values number texts to those.
    """

    source: str
    time: str
    timestamps: Times
    columns: tuple[str, ...]
    values: Floats
    style: TimeStyle
    lines: Numbers | None = None
    texts: tuple[TextColumn, ...] = ()
    zone: str = ""
    files: tuple[str, ...] = ()
    file_of: Numbers | None = None
    unit: str = "line"
    notes: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
        return f"{place} of {self._file(row)}" if self.files else place

    def _file(self, row: int) -> str:
        return self.source if self.file_of is None else self.files[int(self.file_of[row])]

    def rows(self, chosen: slice | Numbers) -> "Table":
        """Some of the rows, which keep the lines that they stand on."""
        if self.lines is not None:
            lines = self.lines[chosen]
        elif isinstance(chosen, slice):
            lines = np.arange(*chosen.indices(len(self.values))) + 2
        else:
            lines = chosen + 2
        return replace(
            self,
            timestamps=self.timestamps[chosen],
            values=self.values[chosen],
            lines=lines,
            file_of=None if self.file_of is None else self.file_of[chosen],
            texts=tuple(replace(column, codes=column.codes[chosen]) for column in self.texts),
        )

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
    lines = [
        np.arange(len(table.values)) + 2 if table.lines is None else table.lines for table in tables
    ]
    return replace(
        first,
        source=f"{first.source} and {len(others)} more",
        timestamps=np.concatenate([table.timestamps for table in tables]),
        values=np.concatenate([table.values for table in tables]),
        lines=np.concatenate(lines),
        files=tuple(table.source for table in tables),
        file_of=np.repeat(np.arange(len(tables)), [len(table.values) for table in tables]),
        texts=tuple(
            _join_texts(columns) for columns in zip(*(t.texts for t in tables), strict=True)
        ),
    )


def _join_texts(columns: Sequence[TextColumn]) -> TextColumn:
    """Columns of texts behind one another as one."""
    words = tuple(dict.fromkeys(word for column in columns for word in column.words))
    code_of = {word: code for code, word in enumerate(words)}
    codes = [
        np.array([code_of[word] for word in column.words], np.int32)[column.codes]
        for column in columns
    ]
    return TextColumn(columns[0].name, np.concatenate(codes), words)


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


class RowBlock(NamedTuple):
    """Rows of a stream that came together, on the lines of ``source`` from ``line`` on.

    Times, moments [N] and values [N, C] are those of ``Row``.
    """

    source: str
    line: int
    times: list[str]
    moments: Numbers
    values: Floats
    style: TimeStyle

    @property
    def last(self) -> Row:
        """The last of the rows."""
        where = f"{self.source}:{self.line + len(self.times) - 1}"
        values = tuple(self.values[-1].tolist())
        return Row(where, self.times[-1], int(self.moments[-1]), values, self.style)

    def halves(self) -> tuple["RowBlock", "RowBlock"]:
        """The first rows, and those that follow."""
        middle = len(self.times) // 2
        first = (self.times[:middle], self.moments[:middle], self.values[:middle])
        rest = (self.times[middle:], self.moments[middle:], self.values[middle:])
        return (
            RowBlock(self.source, self.line, *first, self.style),
            RowBlock(self.source, self.line + middle, *rest, self.style),
        )

    def as_times(self, moments: Numbers) -> Times:
        """Moments of this stream as times."""
        return as_times(moments, self.style)
