"""Read a CSV table strictly: exact numbers, or every fault named with its line and column."""

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.files import expand
from grucli.data.readers.parquet import read_parquet
from grucli.data.readers.sources import Source
from grucli.data.values import Table, join_tables
from grucli.dialect import Dialect

PLAIN = Dialect()


def read_table(
    path: str | Sequence[str],
    *,
    time: str | Sequence[str],
    columns: Sequence[str] | None = None,
    texts: Sequence[str] = (),
    sparse: Sequence[str] = (),
    dialect: Dialect = PLAIN,
) -> Table:
    """Read a CSV file, plain or packed as .gz, .bz2, .xz or .zst, or a parquet file.

    Which it is, is told by its first bytes.

    ``path`` may be ``-`` for standard input, a pattern such as ``*.csv``, or a list: several files
    are one table, in this order. ``time`` is the name of the time column, or of several that a time
    is built from; ``columns`` are those to read as numbers, None all but ``time`` and ``texts``,
    which are read as texts, the ``sparse`` of them with empty cells too; others are not looked at.
    Raises DataError with every fault found.
    """
    wanted = _Wanted(_listed(time), columns, tuple(texts), tuple(sparse), dialect)
    tables = []
    for name in expand(path):
        with closing(Source.at(name)) as source:
            tables.append(_read(source, wanted))
    return join_tables(tables)


def parse_table(
    content: bytes,
    *,
    source: str,
    time: str | Sequence[str],
    columns: Sequence[str] | None = None,
    texts: Sequence[str] = (),
    sparse: Sequence[str] = (),
    dialect: Dialect = PLAIN,
) -> Table:
    """The same from bytes; ``source`` is their name in errors."""
    wanted = _Wanted(_listed(time), columns, tuple(texts), tuple(sparse), dialect)
    return _read(Source(source, content), wanted)


class _Wanted(NamedTuple):
    """What the readers are asked for: each of these by its name."""

    time: tuple[str, ...]
    columns: Sequence[str] | None
    texts: tuple[str, ...]
    sparse: tuple[str, ...]
    dialect: Dialect


def _listed(time: str | Sequence[str]) -> tuple[str, ...]:
    return (time,) if isinstance(time, str) else tuple(time)


def _read(source: Source, wanted: _Wanted) -> Table:
    asked = wanted._asdict()
    if source.is_parquet:
        return read_parquet(source, **asked)
    return read_fast(source, **asked) or read_strict(source, **asked)
