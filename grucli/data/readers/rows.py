"""The lines of a text, and the rows that they make, each checked for what no table holds."""

import csv
from collections.abc import Iterator
from typing import TextIO

from grucli.data.readers.cells import setting
from grucli.data.readers.header import delimiter_of
from grucli.data.readers.problems import Problems
from grucli.data.readers.text import LINE_LIMIT, narrow_encoding
from grucli.dialect import Dialect

BLANK_LIMIT = 1_000_000
"""Blank lines after which reading stops."""
_NO_TABLE = "expected rows of a CSV table; check that this is the right file"


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
