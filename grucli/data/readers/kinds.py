"""Which columns hold texts, told by the first cell of each that holds something."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.frame_cells import as_array, text_cells
from grucli.dialect import Dialect

MOST_ROWS = 100_000
"""Rows that are looked through; a column without a cell in them is taken for one of numbers."""


def text_columns_of(frame: Any, names: Sequence[str], dialect: Dialect) -> tuple[str, ...]:
    """The same of a frame that is in memory."""
    numbers = NumberFormat(dialect)
    strange = [name for name in names if as_array(frame[name][:1]).dtype.kind not in "fiu"]
    return tuple(
        name
        for name in strange
        if any(first_texts([name], ([cell] for cell in text_cells(frame[name])), numbers))
    )


def first_texts(
    names: Sequence[str], rows: Iterable[Sequence[str]], numbers: NumberFormat
) -> Iterator[str]:
    """The names of the places in rows whose first cell that is not missing is a text."""
    open_places = dict(enumerate(names))
    for cells in islice(rows, MOST_ROWS):
        for place in tuple(open_places):
            if numbers.is_missing(cells[place]):
                continue
            name = open_places.pop(place)
            if numbers.is_text(cells[place]):
                yield name
        if not open_places:
            return
