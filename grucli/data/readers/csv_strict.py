"""The slow way to read a CSV table: every cell looked at, every fault named.

Defines what grucli accepts; ``csv_fast`` accepts a part of it and gives the same values.
"""

import csv
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import numpy as np

from grucli.data.readers.cells import BLANKS, NumberFormat, setting
from grucli.data.readers.header import Layout, delimiter_of, read_layout
from grucli.data.readers.problems import Problems
from grucli.data.readers.sources import Source
from grucli.data.readers.text import LINE_LIMIT, decoded, narrow_encoding
from grucli.data.readers.time_cells import explain_time, style_of, time_text
from grucli.data.readers.vocabulary import NO_TEXT, Vocabulary
from grucli.data.timestamps import Numbers, TimeStyle, parse_cells
from grucli.data.values import Table, table_of_times
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import plural, quoted

BLANK_LIMIT = 1_000_000
"""Blank lines after which reading stops."""
_NO_TABLE = "expected rows of a CSV table; check that this is the right file"


def read_strict(source: Source, *, dialect: Dialect, **wanted: Any) -> Table:
    """Read a table cell by cell. Raises DataError with every fault found.

    ``wanted`` is what ``read_header`` is told of the columns.
    """
    problems = Problems(source.name)
    with source.open(dialect.encoding) as binary:
        text = decoded(binary, dialect.encoding)
        rows = split_rows(read_lines(text, problems, dialect), problems, dialect)
        body = read_header(rows, problems, dialect=dialect, **wanted)
        for line, cells in rows:
            body.add(line, cells)
    return body.finish()


def read_header(
    rows: Iterator[tuple[int, list[str]]],
    problems: Problems,
    *,
    time: Sequence[str],
    columns: Sequence[str] | None,
    texts: Sequence[str] = (),
    sparse: Sequence[str] = (),
    dialect: Dialect,
) -> "Body":
    """The first row as the names of the columns. Raises DataError."""
    line, header = next(rows, (0, []))
    problems.check()
    if not header:
        raise DataError(f"{problems.name}: empty; expected a header line and rows; check it")
    where = f"{problems.name}:{line}"
    layout = read_layout(header, where, time=time, columns=columns, texts=texts, dialect=dialect)
    return Body(layout, problems, dialect, sparse)


class Body:
    """The rows below the header, in columns."""

    def __init__(
        self, layout: Layout, problems: Problems, dialect: Dialect, sparse: Sequence[str]
    ) -> None:
        self.layout, self.problems, self.dialect = layout, problems, dialect
        self.numbers = NumberFormat(dialect)
        self.style: TimeStyle | None = None
        self.times: list[str] = []
        self.lines = array("q")
        self.values = array("d")
        names = [layout.names[place] for place in layout.texts]
        self.texts = [Vocabulary(name, sparse=name in sparse) for name in names]
        self.codes = [array("i") for _ in layout.texts]

    def add(self, line: int, cells: list[str]) -> None:
        """Check one row of cells that begins at a line."""
        layout = self.layout
        if len(cells) != len(layout.names):
            self.problems.add(line, _ragged(cells, len(layout.names), self.dialect))
            return
        time = time_text([cells[place] for place in layout.times], self.dialect)
        style = style_of(time, self.dialect)
        if style is None or style != (self.style or style):
            self._note(line, layout.times[0], explain_time(time, self.style, self.dialect))
            return
        self.style = style
        self.times.append(time)
        self.lines.append(line)
        for place in layout.wanted:
            number = self.numbers.parse(cells[place])
            if number is None:
                self._note(line, place, self.numbers.explain(cells[place]))
            else:
                self.values.append(number)
        for place, vocabulary, codes in zip(layout.texts, self.texts, self.codes, strict=True):
            word = cells[place].strip(BLANKS)
            if not (word or vocabulary.sparse):
                self._note(line, place, NO_TEXT)
            codes.append(vocabulary.code(word))

    def _note(self, line: int, place: int, what: str) -> None:
        name = quoted(self.layout.names[place])
        self.problems.add(line, f"column {name}: {what}")

    def take(self, line: int, cells: list[str]) -> tuple[str, int, tuple[float, ...]]:
        """One row at once: its time as written, as a number, its values. Raises DataError."""
        self.add(line, cells)
        self.problems.check()
        style, time, values = self.style, self.times.pop(), tuple(self.values)
        assert style is not None
        del self.values[:], self.lines[:]
        moment = style.parse(time)
        if moment is None:
            self._note(line, self.layout.times[0], explain_time(time, style, self.dialect))
        self.problems.check()
        assert moment is not None
        return time, moment, values

    def finish(self) -> Table:
        """The whole table. Raises DataError if anything was wrong, or if there are no rows."""
        style = self.style
        numbers: Numbers = np.empty(0, np.int64)
        if style is not None:
            numbers, valid = parse_cells(self.times, style)
            for row in np.flatnonzero(~valid):
                reason = explain_time(self.times[row], style, self.dialect)
                self._note(self.lines[row], self.layout.times[0], reason)
        self.problems.check()
        source = self.problems.name
        if style is None:
            raise DataError(f"{source}: a header and no rows; expected rows below it; add them")
        return table_of_times(
            numbers,
            style,
            self.dialect,
            source=source,
            time=self.layout.time,
            columns=self.layout.columns,
            values=np.frombuffer(self.values).reshape(len(numbers), len(self.layout.wanted)),
            lines=np.frombuffer(self.lines, np.int64),
            texts=tuple(
                vocabulary.column(np.frombuffer(codes, np.int32))
                for vocabulary, codes in zip(self.texts, self.codes, strict=True)
            ),
        )


def read_lines(text: TextIO, problems: Problems, dialect: Dialect) -> Iterator[str]:
    """Physical lines, checked for length, zero bytes and bytes of another encoding."""
    number = 0
    while line := text.readline(LINE_LIMIT):
        number += 1
        if len(line) >= LINE_LIMIT:
            problems.add(number, f"more than {LINE_LIMIT} characters in a line; {_NO_TABLE}")
            problems.check()
        if "\0" in line:
            problems.add(
                number,
                f"a zero byte at character {line.index(chr(0)) + 1}; expected text; the file is "
                "damaged or not a CSV table",
            )
            line = line.replace("\0", "")
        elif not line.isascii():
            _check_encoding(line, number, problems, dialect)
        yield line


def _check_encoding(line: str, number: int, problems: Problems, dialect: Dialect) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        byte = ord(line[error.start]) - 0xDC00
        remedy = (
            f"if it is {narrow_encoding(line)}, set {setting('encoding', narrow_encoding(line))}"
            if dialect.encoding == Dialect.encoding
            else "correct data.read.encoding, or the file"
        )
        problems.add(
            number,
            f"byte {byte:#x} at character {error.start + 1} is not {dialect.encoding.upper()}; "
            f"expected {dialect.encoding.upper()} text; {remedy}",
        )


def split_rows(
    lines: Iterator[str], problems: Problems, dialect: Dialect
) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line on which each begins."""
    reader = csv.reader(lines, strict=True, delimiter=delimiter_of(problems.name, dialect))
    line, blank = 1, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(line, _quote_fault(str(error), lines=reader.line_num - line + 1))
            return
        if cells and cells != [""]:
            yield line, cells
        else:
            blank += 1
        if blank > BLANK_LIMIT:
            problems.add(line, f"more than {BLANK_LIMIT} blank lines up to here; {_NO_TABLE}")
            return
        line = reader.line_num + 1


def _quote_fault(reason: str, *, lines: int) -> str:
    """What the reader of quotes objects to in a row that takes so many lines."""
    if "field limit" in reason and lines == 1:
        return (
            f"a cell of more than {csv.field_size_limit()} characters; expected a table of shorter "
            "ones; shorten it, or take its column out of the table"
        )
    if "field limit" in reason:
        return (
            f"a quote opened in this row is not closed within {csv.field_size_limit()} characters; "
            'expected a second "; close or remove it'
        )
    if "unexpected end" in reason:
        return 'a quote opened in this row is never closed; expected a second "; close or remove it'
    return (
        f"a misplaced quote ({reason}); expected quotes around whole cells, and doubled inside; "
        "correct the row"
    )


def _ragged(cells: list[str], expected: int, dialect: Dialect) -> str:
    found = plural(len(cells), "cell", thousands="")
    mark = next((m for m in ";\t|," if m in cells[0] and m != dialect.delimiter), None)
    if len(cells) == 1 and mark is not None:
        remedy = (
            f"the cells seem to be separated by {quoted(mark)}; separate all in one way, or set "
            f"{setting('delimiter', mark)}"
        )
    elif len(cells) > expected and not any(cell.strip(BLANKS) for cell in cells[expected:]):
        remedy = "remove the comma at the end of the line"
    elif len(cells) > expected:
        remedy = "write decimals with a point, and put texts that hold commas in quotes"
    else:
        remedy = "leave a missing cell empty but keep its comma"
    return f"{found}; expected {expected}, as in the header; {remedy}"
