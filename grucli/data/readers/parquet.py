"""Parquet files, read by pyarrow where it is installed."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from grucli.data.readers.frame import read_frame
from grucli.data.readers.header import read_layout
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.data.values import Table
from grucli.errors import DataError, pip_install


def read_parquet(source: Source, wanted: Wanted) -> Table:
    """The wanted columns of a parquet file; rows are counted from 0. Raises DataError."""
    with _opened(source) as file:
        names = file.schema_arrow.names
        layout = read_layout(names, source.name, wanted)
        places = (*layout.times, *layout.texts, *layout.wanted)
        table = file.read(columns=[names[place] for place in places])
    return read_frame(table, replace(wanted, columns=layout.columns), source=source.name)


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
            f"install it with `{pip_install('parquet')}`, or save the table as CSV"
        ) from error
    try:
        with parquet.ParquetFile(io.BytesIO(source.read())) as file:
            yield file
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{source.name}: a parquet file that cannot be read ({reason}); fetch it again"
        ) from error
