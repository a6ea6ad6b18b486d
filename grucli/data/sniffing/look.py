"""All that is seen of a table before anything is asked of it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grucli.data.readers.files import expand
from grucli.data.sniffing.cells import Cells, look_at_cells
from grucli.data.sniffing.numbers import Column, sniff_columns, sniff_numbers
from grucli.data.sniffing.order import Order, find_order, frequency_of_times
from grucli.data.sniffing.times import find_clocks
from grucli.data.timestamps import as_times
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import quoted

_MOST_CLASSES = 50
_FRACTION = re.compile(r"[+-]?[0-9]*[.,][0-9]*")


@dataclass(frozen=True, eq=False)
class Look:
    """A table as it seems to be written, its time, what names its series, and other ``columns``.

    ``fixed`` are columns that say one thing of each series, and not of all the same; ``labels``
    those of them that say nothing of one series alone.
    """

    cells: Cells
    dialect: Dialect
    time: tuple[str, ...]
    series: tuple[str, ...]
    columns: tuple[Column, ...]
    fixed: tuple[str, ...]
    labels: tuple[str, ...]
    is_dated: bool
    is_even: bool

    def named(self, kind: str) -> tuple[Column, ...]:
        """The columns of a kind."""
        return tuple(column for column in self.columns if column.kind == kind)


def look_at(path: str, content: bytes | None = None) -> Look:
    """Look at a table, or at the first of several; of standard input ``content`` is what came.

    Raises DataError where no time is found.
    """
    cells = look_at_cells(expand(path)[0], content)
    clocks = list(find_clocks(cells))
    times = {name for clock in clocks if not clock.style.integer for name in clock.columns}
    dialect = sniff_numbers(cells, apart_from=[*times])
    columns = sniff_columns(cells, dialect)
    order = find_order(cells, clocks, columns)
    if order is None:
        raise DataError(_no_time(cells, [name for clock in clocks for name in clock.columns]))
    own = order.clock.dialect
    dialect = Dialect(
        delimiter=dialect.delimiter,
        decimal=dialect.decimal,
        thousands=dialect.thousands,
        encoding=dialect.encoding,
        time_format=own.time_format,
        time_zone=own.time_zone,
        missing_values=dialect.missing_values,
    )
    taken = {*order.clock.columns, *order.series}
    rest = tuple(column for column in columns if column.name not in taken)
    fixed = dict(_fixed(cells, order, rest))
    return Look(
        cells,
        dialect,
        order.clock.columns,
        order.series,
        rest,
        tuple(fixed),
        tuple(name for name, texts in fixed.items() if _is_label(texts)),
        is_dated=not order.clock.style.integer,
        is_even=_is_even(order),
    )


def _no_time(cells: Cells, tried: Sequence[str]) -> str:
    expected = "dates, or whole numbers that count rows"
    if not tried:
        shown = ", ".join(f"{quoted(n)} {quoted(cells.of(n)[0])}" for n in cells.names[:5])
        return (
            f"{cells.source}: no time column found (the first row has {shown}); expected one of "
            f"{expected}; add one, or write the recipe by hand (data.time, data.read.time_format)"
        )
    names = ", ".join(quoted(name) for name in dict.fromkeys(tried))
    return (
        f"{cells.source}: times of {names} do not rise from row to row, in all rows or in those "
        f"of any column of names; expected {expected}, each once in a series; sort the table by "
        "time, or write the recipe by hand (data.time, data.series)"
    )


def _is_even(order: Order) -> bool:
    """Whether all rows of the longest series fit its frequency, some of them absent or none."""
    times = as_times(order.longest, order.clock.style)
    return len(times) < 2 or bool((frequency_of_times(order).rows_between(times) >= 1).all())


def _fixed(
    cells: Cells, order: Order, columns: Sequence[Column]
) -> Iterator[tuple[str, Counter[str]]]:
    """Columns without a gap that stay the same all along a series and tell some series apart.

    Each with how many series say each of its texts.
    """
    if not order.series:
        return
    firsts = order.rows[order.bounds[:-1]]
    lengths = np.diff(order.bounds)
    for column in columns:
        if column.missing or column.kind not in ("text", "number"):
            continue
        texts = np.array(cells.of(column.name), object)
        if (texts[order.rows] == np.repeat(texts[firsts], lengths)).all():
            yield column.name, Counter(texts[firsts].tolist())


def _is_label(series: Counter[str]) -> bool:
    """Whether texts are names or whole numbers, few, and each of at least two series."""
    is_named = not any(_FRACTION.fullmatch(text) for text in series)
    return is_named and len(series) <= _MOST_CLASSES and min(series.values()) >= 2
