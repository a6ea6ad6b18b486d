"""The fast way to read a CSV table: structure checked over the bytes, numbers by pandas' C parser.

Accepts only tables without anything remarkable, and gives None for all others: ``csv_strict`` reads
those, or says what is wrong. Works in blocks, so that memory stays near the size of the result.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grucli.data.readers.cells import BLANKS
from grucli.data.readers.csv_form import NOT_IN_A_NUMBER, Form
from grucli.data.readers.header import Layout, read_layout
from grucli.data.readers.sources import Source
from grucli.data.readers.text import LINE_LIMIT
from grucli.data.readers.time_bytes import parse_times
from grucli.data.readers.time_cells import style_of
from grucli.data.readers.vocabulary import Vocabulary, vocabularies_of
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import Bytes, Numbers, TimeStyle
from grucli.data.values import Floats, Table, table_of_times

Codes = list[NDArray[np.int32] | None]
"""For each column of texts the number of the word in each row."""


class Part(NamedTuple):
    """What the rows of one block hold."""

    style: TimeStyle
    times: Numbers
    values: Floats
    codes: Codes


BLOCK_BYTES = 8 << 20
_BOM = b"\xef\xbb\xbf"
_WORD_STARTS = np.frombuffer(b"TtFf", np.uint8)
_EXPONENTS = np.frombuffer(b"eE", np.uint8)
_NEWLINE, _PLUS = b"\n+"


def read_fast(source: Source, wanted: Wanted) -> Table | None:
    """Read a plain table, or give None. Raises DataError for wrong columns only."""
    parts: list[Part] = []
    vocabularies = vocabularies_of(wanted)
    form = Form(source.name, wanted.dialect)
    with source.open(wanted.dialect.encoding) as file:
        header = _read_header(file, form)
        if header is None:
            return None
        layout = read_layout(header, f"{source.name}:1", wanted)
        for block in _blocks(file):
            style = parts[0].style if parts else None
            part = block and parse_block(block, layout, form, vocabularies, style=style)
            if not part:
                return None
            parts.append(part)
    if not parts:
        return None
    codes = zip(*(part.codes for part in parts), strict=True)
    return table_of_times(
        np.concatenate([part.times for part in parts]),
        parts[0].style,
        wanted.dialect,
        source=source.name,
        time=layout.time,
        columns=layout.columns,
        values=np.concatenate([part.values for part in parts]),
        texts=tuple(
            vocabulary.column(np.concatenate(words))
            for vocabulary, words in zip(vocabularies, codes, strict=True)
        ),
    )


def _read_header(file: BinaryIO, form: Form) -> list[str] | None:
    line = file.readline(1 << 20).removeprefix(_BOM)
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(text) == len(line) or b"\r" in text or b"\0" in text or not text:
        return None
    try:
        return next(csv.reader([text.decode()], strict=True, delimiter=form.delimiter))
    except (UnicodeDecodeError, csv.Error):
        return None


def _blocks(file: BinaryIO) -> Iterator[bytes | None]:
    """Whole lines that end in a line feed, about ``BLOCK_BYTES`` at a time; None if not plain."""
    rest = b""
    while chunk := file.read(BLOCK_BYTES):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield plain_block(rest + chunk[:cut])
            rest = chunk[cut:]
        elif len(rest) > LINE_LIMIT:
            yield None
            return
        else:
            rest += chunk
    if rest:
        yield plain_block(rest + b"\n")


def plain_block(block: bytes) -> bytes | None:
    """The block with line feeds only; None if it holds quotes, zero bytes or other than UTF-8."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b"\r" in block or b'"' in block or b"\0" in block:
        return None
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            return None
    return block


def parse_block(
    block: bytes,
    layout: Layout,
    form: Form,
    vocabularies: Sequence[Vocabulary],
    *,
    style: TimeStyle | None,
) -> Part | None:
    """Times, values and texts of a block's rows, if every line has as many cells as the header."""
    data = np.frombuffer(block, np.uint8)
    found = np.flatnonzero((data == form.mark) | (data == _NEWLINE))
    width = len(layout.names)
    if len(found) % width:
        return None
    marks = found.reshape(-1, width)
    newline = data[marks] == _NEWLINE
    if not newline[:, -1].all() or newline[:, :-1].any():
        return None
    if np.diff(marks[:, -1]).max(initial=marks[0, -1]) > csv.field_size_limit():
        return None
    if _holds_signed_plus(data, found, layout):
        return None
    timed = _read_times(block, data, marks, layout=layout, form=form, style=style)
    frame = None if timed is None else _parse_cells(block, layout, form, rows=len(marks))
    if timed is None or frame is None:
        return None
    values = np.ascontiguousarray(frame[list(layout.wanted)].to_numpy(np.float64))
    codes = [
        _encode(frame[place].to_numpy(), vocabulary, form)
        for place, vocabulary in zip(layout.texts, vocabularies, strict=True)
    ]
    if np.isinf(values).any() or any(part is None for part in codes):
        return None
    for place, column in zip(layout.wanted, values.T, strict=True):
        if _may_hold_words(data, _starts(marks, place), column):
            return None
    if form.missing_numbers:
        values = np.where(np.isin(values, form.missing_numbers), np.nan, values)
    return Part(*timed, values, codes)


def _read_times(
    block: bytes,
    data: Bytes,
    marks: Numbers,
    *,
    layout: Layout,
    form: Form,
    style: TimeStyle | None,
) -> tuple[TimeStyle, Numbers] | None:
    """The form of the times, and the times; None where they are not all of one plain form."""
    if len(layout.times) > 1:
        return None
    (place,) = layout.times
    starts, ends = _starts(marks, place), marks[:, place]
    style = style or style_of(block[starts[0] : ends[0]].decode(), form.dialect)
    times = None if style is None else parse_times(data, starts, ends, style=style)
    return None if style is None or times is None else (style, times)


def _holds_signed_plus(data: Bytes, marks: Numbers, layout: Layout) -> bool:
    """Whether a cell to be read begins with a plus: pandas is lax about those, and not exact."""
    places = np.flatnonzero(data == _PLUS)
    signs = places[~np.isin(data[places - 1], _EXPONENTS)]
    columns = np.searchsorted(marks, signs) % len(layout.names)
    return bool(np.isin(columns, layout.wanted).any())


def _starts(marks: Numbers, place: int) -> Numbers:
    """Where the cells of a column begin."""
    before = marks[:, place - 1] if place else np.append(-1, marks[:-1, -1])
    return np.asarray(before + 1)


def _may_hold_words(data: Bytes, starts: Numbers, values: Floats) -> bool:
    """Whether a column may be of True and False, which pandas takes for 1 and 0."""
    if values[0] not in (0.0, 1.0) and not np.isnan(values[0]):
        return False
    return bool(np.isin(data[starts], _WORD_STARTS).any())


def _encode(
    texts: NDArray[np.object_], vocabulary: Vocabulary, form: Form
) -> NDArray[np.int32] | None:
    """The texts of a block as numbers; None where some are not plain, or empty and may not be."""
    inside, found = pd.factorize(texts)
    words = [word.translate(form.as_written) for word in found]
    if not all((word or vocabulary.sparse) and word == word.strip(BLANKS) for word in words):
        return None
    return np.array([vocabulary.code(word) for word in words], np.int32)[inside]


def _parse_cells(block: bytes, layout: Layout, form: Form, *, rows: int) -> pd.DataFrame | None:
    """The columns to be read; None if a cell among the numbers is neither one nor missing."""
    if layout.texts and NOT_IN_A_NUMBER.encode() in block:
        return None
    kinds: dict[int, Any] = dict.fromkeys(layout.wanted, np.float64)
    missing: dict[Any, list[str]] = {place: list(form.missing_words) for place in layout.wanted}
    kinds |= dict.fromkeys(layout.texts, object)
    try:
        frame = pd.read_csv(
            io.BytesIO(block.translate(form.plain)),
            header=None,
            names=range(len(layout.names)),
            usecols=[*layout.wanted, *layout.texts],
            dtype=kinds,
            index_col=False,
            na_values=missing,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
            engine="c",
        )
    except (ValueError, OverflowError):
        return None
    return frame if len(frame) == rows else None
