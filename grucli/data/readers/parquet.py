"""Parquet files, read by pyarrow where it is installed."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from grucli.data.readers.frame import read_frame
from grucli.data.readers.header import read_layout
from grucli.data.readers.sources import Source
from grucli.data.values import Table
from grucli.dialect import Dialect
from grucli.errors import DataError


def read_parquet(
    source: Source,
    *,
    time: Sequence[str],
    columns: Sequence[str] | None,
    texts: Sequence[str] = (),
    sparse: Sequence[str] = (),
    dialect: Dialect,
) -> Table:
    """The wanted columns of a parquet file; rows are counted from 0. Raises DataError."""
    with _opened(source) as file:
        names = file.schema_arrow.names
        layout = read_layout(
            names, source.name, time=time, columns=columns, texts=texts, dialect=dialect
        )
        wanted = [names[place] for place in (*layout.times, *layout.texts, *layout.wanted)]
        table = file.read(columns=wanted)
    return read_frame(
        table,
        source=source.name,
        time=time,
        columns=layout.columns,
        texts=texts,
        sparse=sparse,
        dialect=dialect,
    )


def first_rows(
    source: Source, most_cells: int, columns: Sequence[str] | None = None
) -> tuple[Any, bool]:
    """The first rows of all columns as a table of pyarrow, and whether these are all rows.

    With ``columns`` those of them that there are.
    """
    with _opened(source) as file:
        names = file.schema_arrow.names
        wanted = names if columns is None else [name for name in columns if name in names]
        rows = max(most_cells // max(len(wanted), 1), 1)
        table = file.read(columns=wanted)
        return table.slice(0, rows), len(table) <= rows


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """The file as pyarrow opens it. Raises DataError where it is not installed, or cannot."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise DataError(
            f"{source.name}: a parquet file, which pyarrow reads; expected it to be installed; "
            "install it with `pip install grucli[parquet]`, or save the table as CSV"
        ) from error
    try:
        with parquet.ParquetFile(io.BytesIO(source.read())) as file:
            yield file
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{source.name}: a parquet file that cannot be read ({reason}); fetch it again"
        ) from error
