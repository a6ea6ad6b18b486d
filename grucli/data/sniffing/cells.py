"""The cells of a table that nothing is known of, as texts in columns."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from grucli.data.readers.cells import BLANKS
from grucli.data.readers.frame_cells import text_cells
from grucli.data.readers.header import delimiter_of, read_layout
from grucli.data.readers.parquet import first_rows
from grucli.data.readers.sources import Source
from grucli.data.readers.text import LINE_LIMIT, decoded, guess_encoding
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError

MOST_CELLS = 4_000_000
"""Cells that are looked at, from the top of a table."""
_HEAD_BYTES = 32 << 20
_HEAD_LINES = 500
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, eq=False)
class Cells:
    """``columns`` hold the texts below each of ``names``; ``dialect`` is as far as it is seen here.

    ``delimiter`` is what stands between them, '' where the file is no text; ``is_whole`` says
    whether all rows were looked at.
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    dialect: Dialect
    delimiter: str
    is_whole: bool

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return len(self.columns[0])

    def of(self, name: str) -> tuple[str, ...]:
        """The cells of a column."""
        return self.columns[self.names.index(name)]


def look_at_cells(path: str, content: bytes | None = None) -> Cells:
    """The first cells of one file, or of ``content``. Raises DataError for what is no table."""
    with closing(Source.at(path) if content is None else Source(path, content)) as source:
        if source.is_parquet:
            return _of_frame(source)
        encoding = guess_encoding(source.head(_HEAD_BYTES))
        dialect = Dialect(encoding=encoding)
        with source.open(encoding) as binary:
            text = decoded(binary, encoding)
            mark = _delimiter(list(islice(_lines(text), _HEAD_LINES)))
        if mark is not None and mark != delimiter_of(source.name, dialect):
            dialect = Dialect(encoding=encoding, delimiter=mark)
        with source.open(encoding) as binary:
            text = decoded(binary, encoding)
            rows = _rows(_lines(text), delimiter_of(source.name, dialect))
            return _columns(source.name, rows, dialect)


def _of_frame(source: Source) -> Cells:
    frame, is_whole = first_rows(source, MOST_CELLS)
    columns = tuple(tuple(text_cells(frame[name])) for name in frame.column_names)
    return _named(
        source.name, frame.column_names, columns, Dialect(), delimiter="", is_whole=is_whole
    )


def _lines(text: Any) -> Iterator[str]:
    while line := text.readline(LINE_LIMIT):
        yield line


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Rows that are not blank, up to one that is not sound: what is wrong, the reader says."""
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except (StopIteration, csv.Error):
            return
        if cells and cells != [""]:
            yield cells


def _delimiter(lines: Sequence[str]) -> str | None:
    """What separates the most cells in rows as long as the first; None where nothing does."""
    best, widest = None, 1
    for mark in _DELIMITERS:
        rows = list(_rows(iter(lines), mark))
        width = len(rows[0]) if rows else 0
        agreeing = sum(len(row) == width for row in rows)
        if width > widest and agreeing * 10 >= len(rows) * 9:
            best, widest = mark, width
    return best


def _columns(source: str, rows: Iterator[list[str]], dialect: Dialect) -> Cells:
    header = next(rows, None)
    if header is None:
        raise DataError(f"{source}: empty; expected a header line and rows; check it")
    most = max(MOST_CELLS // len(header), 1)
    sound = [row for row in islice(rows, most) if len(row) == len(header)]
    columns = tuple(zip(*sound, strict=True))
    if not columns:
        raise DataError(f"{source}: a header and no rows; expected rows below it; add them")
    is_whole = next(rows, None) is None
    mark = delimiter_of(source, dialect)
    return _named(source, header, columns, dialect, delimiter=mark, is_whole=is_whole)


def _named(
    source: str,
    header: Sequence[str],
    columns: Sequence[Sequence[str]],
    dialect: Dialect,
    *,
    delimiter: str,
    is_whole: bool,
) -> Cells:
    """The cells below the names that the readers give them. Raises DataError as these do."""
    layout = read_layout(header, f"{source}:1", Wanted((), dialect=dialect))
    bare = tuple(tuple(cell.strip(BLANKS) for cell in column) for column in columns)
    return Cells(source, layout.names, bare, dialect, delimiter, is_whole)
