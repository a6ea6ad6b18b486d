"""Rows of a table as they arrive, each checked as strictly as a whole file."""

import io
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, cast

import numpy as np

from grucli.data.clocks import moment_of
from grucli.data.readers.csv_form import Form
from grucli.data.readers.csv_strict import Body, read_header
from grucli.data.readers.problems import Problems
from grucli.data.readers.rows import read_lines, split_rows
from grucli.data.readers.text import as_utf8, decoded
from grucli.data.readers.vocabulary import Classes
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import OF_THE_ZONE, TimeStyle
from grucli.data.values import RowBlock
from grucli.errors import DataError

_CHUNK = 1 << 16
_FEWEST = 8
"""Rows from which on a block is read as one; of fewer each is read faster by itself."""


def stream_blocks(
    binary: BinaryIO,
    source: str,
    wanted: Wanted,
    *,
    zone: str = "",
    classes: Mapping[str, Classes] = MappingProxyType({}),
) -> Iterator[RowBlock]:
    """Rows as soon as their lines have come, as many together as have; memory does not grow.

    The header is read before anything is given. ``zone`` is the time zone that times are to be put
    in UTC from, if any; of the columns that are categories a row has the ``classes``. Raises
    DataError for a header, and at the first row, that is not what ``read_table`` accepts.
    """
    problems, dialect = Problems(source), wanted.dialect
    arrivals = _Arrivals(as_utf8(binary, source, dialect.encoding))
    text = decoded(cast(BinaryIO, io.BufferedReader(arrivals)), dialect.encoding)
    rows = split_rows(read_lines(text, problems, dialect), problems, dialect)
    body = read_header(rows, problems, wanted)
    parsers = [classes[n].class_of if n in classes else None for n in body.layout.columns]
    body.parsers = [own or body.numbers.parse for own in parsers]
    return _rows(arrivals, rows, body, Form(source, dialect), zone=zone, has_classes=bool(classes))


class _Arrivals(io.RawIOBase):
    """Bytes of a pipe: read line by line, or all whole lines together that have come."""

    def __init__(self, binary: BinaryIO) -> None:
        self._binary = binary
        self._held, self._looked_at, self._is_mixed = b"", 0, False
        self.line = 1

    def readable(self) -> bool:
        return True

    def _has_line(self) -> bool:
        """Wait for a whole line; False where the end comes first."""
        while b"\n" not in self._held:
            data = self._binary.read1(_CHUNK)  # type: ignore[attr-defined]
            if not data:
                return False
            self._held += data
        return True

    def readinto(self, buffer: Any) -> int:
        """The next line or a part of it; 0 at the end."""
        stop = self._held.index(b"\n") + 1 if self._has_line() else len(self._held)
        part = self._held[: min(stop, len(buffer))]
        self._give(part)
        self._is_mixed |= part.count(b"\r") != part.count(b"\r\n")  # lines within this line
        buffer[: len(part)] = part
        return len(part)

    def lines(self) -> bytes:
        """The whole lines that have come; nothing where they are few, or where such were looked at
        before: of those half are to be read one by one, so that what is remarkable is found.
        """
        if self._looked_at or self._is_mixed or not self._has_line():
            return b""
        whole = self._held[: self._held.rindex(b"\n") + 1]
        if whole.count(b"\n") < _FEWEST:
            return b""
        self._looked_at = (len(whole) + 1) // 2
        return whole

    def take(self, lines: bytes) -> int:
        """Give up lines that were read as one; says on which line they begin."""
        first = self.line
        self._give(lines)
        return first

    def _give(self, part: bytes) -> None:
        self._held = self._held[len(part) :]
        self._looked_at = max(self._looked_at - len(part), 0)
        self.line += part.count(b"\n")


def _rows(
    arrivals: _Arrivals,
    rows: Iterator[tuple[int, list[str]]],
    body: Body,
    form: Form,
    *,
    zone: str,
    has_classes: bool,
) -> Iterator[RowBlock]:
    """The rows behind a header."""
    problems, last = body.problems, cast(int | None, None)
    source = problems.name
    while True:
        is_remarkable = bool(zone or has_classes) or body.style is None
        block = None if is_remarkable else _block(arrivals, source, body, form)
        if block is not None:
            problems.skipped += len(block.times)
            yield block
            continue
        line, cells = next(rows, (0, []))
        if not cells:
            break
        written, moment, values = body.take(line, cells)
        style, at = body.style or TimeStyle(), line + problems.skipped
        if zone and style.offset != OF_THE_ZONE:
            moment = last = _in_utc(f"{source}:{at}", written, moment, zone=zone, after=last)
        yield RowBlock(source, at, [written], np.array([moment]), np.array([values]), style)
    problems.check()


def _block(arrivals: _Arrivals, source: str, body: Body, form: Form) -> RowBlock | None:
    """The rows that have come, if they are many and there is nothing remarkable about them."""
    lines = arrivals.lines()
    if not lines:
        return None
    from grucli.data.readers.csv_fast import parse_block, plain_block  # loads pandas

    plain = plain_block(lines)
    part = None if plain is None else parse_block(plain, body.layout, form, (), style=body.style)
    if plain is None or part is None:
        return None
    line = arrivals.take(lines)
    (place,) = body.layout.times
    rows = plain.decode().split("\n")
    rows.pop()
    times = [row.split(form.delimiter, place + 1)[place] for row in rows]
    return RowBlock(source, line, times, part.times, part.values, part.style)


def _in_utc(where: str, written: str, clock: int, *, zone: str, after: int | None) -> int:
    moment = moment_of(clock, zone, after=after)
    if moment is None:
        raise DataError(
            f"{where}: {written} does not exist in {zone}, where clocks were put forward; expected "
            "a time of its clock; correct it"
        )
    return moment
