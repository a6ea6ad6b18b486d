"""What is known in advance of the times after a table: from a table of its own, and the calendar.

Suffixes: S series, K steps, F columns.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np

from grucli.data.calendar import calendar_values
from grucli.data.clocks import to_utc
from grucli.data.panel import Panel
from grucli.data.readers.header import delimiter_of
from grucli.data.readers.time_cells import time_parts
from grucli.data.timestamps import Numbers, Times
from grucli.data.values import Floats, Table
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import plural, quoted

HOW = "`grucli predict --future-template FILE` writes the rows and columns to fill in"


@dataclass(frozen=True, eq=False)
class Horizon:
    """``steps`` times after the newest row of each series of a panel with the numbers ``places``.

    ``series`` are the columns that name a series.
    """

    panel: Panel
    places: Numbers
    steps: int
    series: tuple[str, ...] = ()

    @property
    def times(self) -> Times:
        """The times [S, K]. Raises DataError beyond the year 9999."""
        times, own = self._distinct
        return times[own]

    @property
    def _distinct(self) -> tuple[Times, Numbers]:
        """The times after each newest row that there is [U, K], and which of them are whose [S]."""
        newest = self.panel.timestamps[self.panel.bounds[1:][self.places] - 1]
        lasts, own = np.unique(newest, return_inverse=True)
        future = self.panel.frequency.future
        return np.stack([future(last, self.steps) for last in lasts]), own

    @property
    def written(self) -> tuple[str, ...]:
        """The times as the panel writes them, one series after the other."""
        times, own = self._distinct
        words = [[self.panel.frequency.format(time) for time in after] for after in times]
        return tuple(chain.from_iterable(words[place] for place in own.tolist()))

    @property
    def ids(self) -> dict[str, tuple[str, ...]]:
        """The names of the series at every step, by column."""
        places = self.places.tolist()
        return {
            name: tuple(chain.from_iterable(repeat(texts[place], self.steps) for place in places))
            for name, texts in ((name, self.panel.texts[name]) for name in self.series)
        }

    def known(self, table: Table | None, parts: Sequence[str]) -> Floats:
        """``columns.ahead`` of the panel in original units [S, K, F].

        ``table`` holds ``columns.future``, ``parts`` are those of the calendar. Raises DataError
        for a row or a value that is not there.
        """
        shape = (len(self.places), self.steps, -1)
        panel, times = self.panel, self.times
        calendar = calendar_values(times.ravel(), parts, panel.frequency, where=panel.source)
        if table is None:
            return calendar.reshape(shape)
        rows = self._rows(table, times)
        return np.concatenate([table.values[rows], calendar], axis=1).reshape(shape)

    def _rows(self, table: Table, times: Times) -> Numbers:
        """The row of each step in a table [S * K], series after series."""
        import pandas as pd

        _check_form(table, self.panel)
        series = self._series_of(table)
        order = np.argsort(series, kind="stable")
        order = order[series[order] >= 0]
        moments = _moments(table, order, series, zone=self.panel.frequency.style.zone)
        held = pd.MultiIndex.from_arrays([series[order], moments])
        wanted = pd.MultiIndex.from_arrays(
            [
                np.repeat(np.arange(len(self.places)), self.steps),
                times.ravel().astype(np.int64),
            ]
        )
        twice = held.duplicated() & held.isin(wanted)
        if twice.any():
            row = int(order[int(np.argmax(twice))])
            raise DataError(
                f"{table.where(row)}: {table.time_at(row)} stands there twice; expected each time "
                "of a series once; remove one of the rows"
            )
        kept = np.flatnonzero(~held.duplicated())
        found = held[kept].get_indexer(wanted)
        if (found < 0).any():
            raise DataError(self._absent(table, found < 0))
        rows = order[kept[found]]
        missing = np.isnan(table.values[rows])
        if missing.any():
            raise DataError(self._missing(table, rows, missing))
        return np.asarray(rows)

    def _series_of(self, table: Table) -> Numbers:
        """The number of the series of each row among ``places``; -1 for one that is not asked."""
        if not self.series:
            return np.zeros(len(table.values), np.int64)
        by_name = {column.name: column for column in table.texts}
        columns = [by_name[name] for name in self.series]
        codes = np.stack([column.codes for column in columns], axis=1)
        own, inverse = np.unique(codes, axis=0, return_inverse=True)
        names = zip(*(self.panel.texts[name] for name in self.series), strict=True)
        known = {name: place for place, name in enumerate(names)}
        order = {place: at for at, place in enumerate(self.places.tolist())}
        numbers = [
            order.get(
                known.get(
                    tuple(
                        column.words[code]
                        for column, code in zip(columns, row.tolist(), strict=True)
                    ),
                    -1,
                ),
                -1,
            )
            for row in own
        ]
        return np.array(numbers, np.int64)[inverse.ravel()]

    def _step_words(self, step: int) -> str:
        """A step among all by its series and time."""
        name = self.panel.ids[int(self.places[step // self.steps])]
        return f"series {quoted(name)}, {self.written[step]}" if name else self.written[step]

    def _absent(self, table: Table, is_absent: Any) -> str:
        count = int(is_absent.sum())
        more = f" (and for {plural(count - 1, 'more step')})" if count > 1 else ""
        names = self.panel.columns.future
        return (
            f"{table.source}: no row for {self._step_words(int(np.argmax(is_absent)))}{more}, with "
            f"column{'s' if len(names) > 1 else ''} {', '.join(map(quoted, names))}; expected "
            f"{plural(self.steps, 'row')} after the newest of the table; {HOW}"
        )

    def _missing(self, table: Table, rows: Numbers, is_missing: Any) -> str:
        step, column = np.argwhere(is_missing)[0].tolist()
        name = self.panel.ids[int(self.places[step // self.steps])]
        return (
            f"{table.where(int(rows[step]))}: column {quoted(table.columns[column])}: no value at "
            f"{self.written[step]}{f' of series {quoted(name)}' if name else ''}; expected a "
            "number for every step of the forecast; fill it in"
        )

    def template(self, names: Sequence[str], dialect: Dialect, *, path: str) -> bytes:
        """The table that ``known`` reads, its values empty; ``names`` are the columns of the time.

        Raises DataError where a time cannot be taken apart into its columns.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", delimiter=delimiter_of(path, dialect))
        writer.writerow([*self.series, *names, *self.panel.columns.future])
        empty = [""] * len(self.panel.columns.future)
        ids = zip(*self.ids.values(), strict=True) if self.series else [()] * len(self.written)
        style = self.panel.frequency.style
        for own, time in zip(ids, self.written, strict=True):
            writer.writerow([*own, *time_parts(time, style, names), *empty])
        return text.getvalue().encode(dialect.encoding)


def _check_form(table: Table, panel: Panel) -> None:
    """Times must be of the kind that the panel's are."""
    own, expected = table.style, panel.frequency.style
    is_alike = own.integer == expected.integer and own.offset == expected.offset
    if not is_alike:
        raise DataError(
            f"{table.source}: times are {own.words}; expected {expected.words}, as in "
            f"{panel.source}; {HOW}"
        )


def _moments(table: Table, order: Numbers, series: Numbers, *, zone: str) -> Numbers:
    """The times of rows in an order as whole numbers, in UTC where the panel's are."""
    moments = table.timestamps[order].astype(np.int64)
    if not (zone and table.zone):
        return moments
    firsts = np.flatnonzero(np.diff(series[order], prepend=-1))
    moments, _, never = to_utc(moments, zone, firsts=firsts)
    if never.any():
        row = int(order[int(np.argmax(never))])
        raise DataError(
            f"{table.where(row)}: {table.time_at(row)} does not exist in {zone}, where clocks were "
            "put forward; expected a time of its clock; correct it"
        )
    return moments
