"""The slow way to read a CSV table: every cell looked at, every fault named.

Defines what grucli accepts; ``csv_fast`` accepts a part of it and gives the same values.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from grucli.data.readers.cells import BLANKS, NumberFormat, setting
from grucli.data.readers.header import Layout, read_layout
from grucli.data.readers.problems import Problems
from grucli.data.readers.rows import read_lines, split_rows
from grucli.data.readers.sources import Source
from grucli.data.readers.text import decoded
from grucli.data.readers.time_cells import explain_time, style_of, time_text
from grucli.data.readers.vocabulary import NO_TEXT, vocabularies_of
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import Numbers, TimeStyle, parse_cells
from grucli.data.values import Table, table_of_times
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import plural, quoted


def read_strict(source: Source, wanted: Wanted) -> Table:
    """Read a table cell by cell. Raises DataError with every fault found."""
    problems, dialect = Problems(source.name), wanted.dialect
    with source.open(dialect.encoding) as binary:
        text = decoded(binary, dialect.encoding)
        rows = split_rows(read_lines(text, problems, dialect), problems, dialect)
        body = read_header(rows, problems, wanted)
        for line, cells in rows:
            body.add(line, cells)
    return body.finish()


def read_header(
    rows: Iterator[tuple[int, list[str]]], problems: Problems, wanted: Wanted
) -> "Body":
    """The first row as the names of the columns. Raises DataError."""
    line, header = next(rows, (0, []))
    problems.check()
    if not header:
        raise DataError(f"{problems.name}: empty; expected a header line and rows; check it")
    return Body(read_layout(header, f"{problems.name}:{line}", wanted), problems, wanted)


class Body:
    """The rows below the header, in columns."""

    def __init__(self, layout: Layout, problems: Problems, wanted: Wanted) -> None:
        self.layout, self.problems, self.dialect = layout, problems, wanted.dialect
        self.numbers = NumberFormat(wanted.dialect)
        self.parsers: Sequence[Callable[[str], float | None]] = [self.numbers.parse] * len(
            layout.wanted
        )
        self.style: TimeStyle | None = None
        self.times: list[str] = []
        self.lines = array("q")
        self.values = array("d")
        self.texts = vocabularies_of(wanted)
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
        for place, parse in zip(layout.wanted, self.parsers, strict=True):
            number = parse(cells[place])
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
