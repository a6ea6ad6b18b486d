"""Rows of a table as they arrive, each checked as strictly as a whole file."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from grucli.data.readers.csv_strict import Body, Problems, read_lines, split_rows
from grucli.data.readers.header import read_layout
from grucli.data.readers.text import checked, decoded
from grucli.data.values import Row
from grucli.errors import DataError


def stream_rows(
    binary: BinaryIO, source: str, *, time: str, columns: Sequence[str]
) -> Iterator[Row]:
    """Rows, each as soon as its line has come; memory does not grow.

    Raises DataError at the first row that is not what ``read_table`` accepts.
    """
    problems = Problems(source)
    rows = split_rows(read_lines(decoded(checked(binary, source)), problems), problems)
    line, header = next(rows, (0, []))
    problems.check()
    if not header:
        raise DataError(f"{source}: empty; expected a header line and rows; check it")
    layout = read_layout(header, f"{source}:{line}", time=time, columns=columns)
    body = Body(layout, problems)
    for number, cells in rows:
        yield body.take(number, cells)
    problems.check()
