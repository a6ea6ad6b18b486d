"""Rows of a table as they arrive, each checked as strictly as a whole file."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO

from grucli.data.clocks import moment_of
from grucli.data.readers.csv_strict import read_header
from grucli.data.readers.problems import Problems
from grucli.data.readers.rows import read_lines, split_rows
from grucli.data.readers.text import as_utf8, decoded
from grucli.data.readers.vocabulary import Classes
from grucli.data.timestamps import OF_THE_ZONE, TimeStyle
from grucli.data.values import Row
from grucli.dialect import Dialect
from grucli.errors import DataError


def stream_rows(
    binary: BinaryIO,
    source: str,
    *,
    time: Sequence[str],
    columns: Sequence[str],
    dialect: Dialect,
    zone: str = "",
    classes: Mapping[str, Classes] = MappingProxyType({}),
) -> Iterator[Row]:
    """Rows, each as soon as its line has come; memory does not grow.

    ``zone`` is the time zone that times are to be put in UTC from, if any; of the columns that are
    categories a row has the ``classes``. Raises DataError at the first row that is not what
    ``read_table`` accepts.
    """
    problems = Problems(source)
    text = decoded(as_utf8(binary, source, dialect.encoding), dialect.encoding)
    rows = split_rows(read_lines(text, problems, dialect), problems, dialect)
    body = read_header(rows, problems, time=time, columns=columns, dialect=dialect)
    parsers = [classes[name].class_of if name in classes else None for name in columns]
    body.parsers = [own or body.numbers.parse for own in parsers]
    last: int | None = None
    for number, cells in rows:
        written, moment, values = body.take(number, cells)
        style, where = body.style or TimeStyle(), f"{source}:{number}"
        if zone and style.offset != OF_THE_ZONE:
            last = _in_utc(where, written, moment, zone=zone, after=last)
            moment = last
        yield Row(where, written, moment, values, style)
    problems.check()


def _in_utc(where: str, written: str, clock: int, *, zone: str, after: int | None) -> int:
    moment = moment_of(clock, zone, after=after)
    if moment is None:
        raise DataError(
            f"{where}: {written} does not exist in {zone}, where clocks were put forward; expected "
            "a time of its clock; correct it"
        )
    return moment
