"""A table, or one row, as it was read: times and numbers, with the place of each in the file."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.data.timestamps import Numbers, Times, TimeStyle

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

    ``timestamps`` [N] are datetime64[us] (wall-clock time at ``style.offset``) or int64; ``values``
    [N, C] float64 with NaN where a cell is missing; ``lines`` [N] the physical line of each row,
    None where row 0 stands on line 2 and every row takes one line. ``texts`` are columns of texts,
    such as the names of series, none of them empty anywhere.
    """

    source: str
    time: str
    timestamps: Times
    columns: tuple[str, ...]
    values: Floats
    style: TimeStyle
    lines: Numbers | None = None
    texts: tuple[TextColumn, ...] = ()

    def line(self, row: int) -> int:
        """The physical line of a row, counted from 1."""
        return row + 2 if self.lines is None else int(self.lines[row])

    def where(self, row: int) -> str:
        """``file:line`` of a row."""
        return f"{self.source}:{self.line(row)}"

    def time_at(self, row: int) -> str:
        """The time of a row as it is written."""
        return self.style.format(self.timestamps[row])


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
