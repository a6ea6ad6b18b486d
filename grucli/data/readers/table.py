"""Read a CSV table strictly: exact numbers, or every fault named with its line and column."""

from collections.abc import Sequence
from contextlib import closing

from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.values import Table


def read_table(
    path: str, *, time: str, columns: Sequence[str] | None = None, texts: Sequence[str] = ()
) -> Table:
    """Read a CSV file, plain or packed as .gz, .bz2 or .xz (told by its first bytes).

    ``path`` may be ``-`` for standard input. ``columns`` are the columns to read as numbers, None
    all but ``time`` and ``texts``, which are read as texts; others are not looked at. Raises
    DataError with every fault found.
    """
    with closing(Source.at(path)) as source:
        return _read(source, time, columns, texts)


def parse_table(
    content: bytes,
    *,
    source: str,
    time: str,
    columns: Sequence[str] | None = None,
    texts: Sequence[str] = (),
) -> Table:
    """The same from bytes; ``source`` is their name in errors."""
    return _read(Source(source, content), time, columns, texts)


def _read(source: Source, time: str, columns: Sequence[str] | None, texts: Sequence[str]) -> Table:
    table = read_fast(source, time=time, columns=columns, texts=texts)
    if table is None:
        return read_strict(source, time=time, columns=columns, texts=texts)
    return table
