"""Read a CSV table strictly: exact numbers, or every fault named with its line and column."""

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from grucli.data.readers.cells import BLANKS, NumberFormat
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.files import expand, folders_left_out
from grucli.data.readers.kinds import MOST_ROWS, first_texts, text_columns_of
from grucli.data.readers.parquet import first_rows, read_parquet
from grucli.data.readers.problems import Problems
from grucli.data.readers.rows import read_lines, split_rows
from grucli.data.readers.sources import Source
from grucli.data.readers.text import decoded
from grucli.data.readers.wanted import Wanted
from grucli.data.values import Table, join_tables
from grucli.dialect import Dialect

_SMALL = 1 << 20
"""Bytes."""


def read_table(path: str | Sequence[str], wanted: Wanted) -> Table:
    """Read a CSV file, plain or packed as .gz, .bz2, .xz or .zst, or a parquet file.

    Which it is, is told by its first bytes. ``path`` may be ``-`` for standard input, a pattern
    such as ``*.csv``, or a list: several files are one table, in this order. Raises DataError with
    every fault found.
    """
    tables: list[Table] = []
    for name in expand(path):
        with closing(Source.at(name)) as source:
            if not tables:
                wanted = wanted.decided(_text_columns(source, wanted))
            tables.append(_read(source, wanted))
    table = join_tables(tables)
    return replace(table, notes=(*folders_left_out(path), *table.notes))


def parse_table(content: bytes, wanted: Wanted, *, source: str) -> Table:
    """The same from bytes; ``source`` is their name in errors."""
    held = Source(source, content)
    return _read(held, wanted.decided(_text_columns(held, wanted)))


def _read(source: Source, wanted: Wanted) -> Table:
    if source.is_parquet:
        return read_parquet(source, wanted)
    if "pandas" not in sys.modules and _is_small(source, wanted.dialect):
        return read_strict(source, wanted)
    from grucli.data.readers.csv_fast import read_fast  # loads pandas

    return read_fast(source, wanted) or read_strict(source, wanted)


def _is_small(source: Source, dialect: Dialect) -> bool:
    """Whether a table is read cell by cell in less time than pandas takes to be loaded."""
    with source.open(dialect.encoding) as binary:
        return len(binary.read(_SMALL + 1)) <= _SMALL


def _text_columns(source: Source, wanted: Wanted) -> tuple[str, ...]:
    """The undecided columns of a file that hold texts; what is wrong with it, the readers say."""
    names, dialect = wanted.undecided, wanted.dialect
    if not names:
        return ()
    if source.is_parquet:
        frame, _ = first_rows(source, MOST_ROWS, names)
        return text_columns_of(frame, frame.column_names, dialect)
    problems = Problems(source.name)
    with source.open(dialect.encoding) as binary:
        text = decoded(binary, dialect.encoding)
        rows = split_rows(read_lines(text, problems, dialect), problems, dialect)
        header = [cell.strip(BLANKS) for cell in next(rows, (0, []))[1]]
        held = [name for name in names if name in header]
        places = [header.index(name) for name in held]
        cells = ([row[place] if place < len(row) else "" for place in places] for _, row in rows)
        found = set(first_texts(held, cells, NumberFormat(dialect)))
        return tuple(name for name in held if name in found)
