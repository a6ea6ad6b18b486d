"""A table with one fault: read exactly as it is meant, or refused at the line of the fault."""

import bz2
import gzip
import lzma
import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grucli.columns import Columns
from grucli.data import build_panel, parse_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError
from tests.sweeps.sweep import Case

ROWS, TABLES = 40, 2520
COLUMNS = Columns(("a", "b"))
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""What a number is: written apart from the readers, to judge them."""

MISSING = ("", "NA", "N/A", "NaN", "nan", "null")

CELLS = [
    *MISSING, "None", "-", "?", "inf", "-Infinity", "1e309", "1e308", "1e-320", "-0", "+1.5", "1.",
    ".5", "1e3", "1E-3", "1_000", "0x1F", "1.5.2", "--1", "1 5", "$1", "5%", "1'000", "\u0661",
    "\uff11", "1\u00a0", "9" * 400, "true", "1;5", "1\t5", "\x00", "\x1b[2J", " 7 ", "\u22127",
    "1e", "e5", "1d5", "1f", "Nan", "NAN", "NULL", "n/a", "#N/A", "1.5e+2", "0012", "1,5",
    "\"1.5\"", "\"1,5\"", "'1.5'", "=1+1",
]  # fmt: skip

TIMES = [
    "", "NA", "2024-02-30", "2024-13-01", "2024-1-5", "24-01-05", "05/01/2024", "2024-01-05T10:00",
    "2024-01-05 24:00", "20240105", "x", "2024-W01-1", "0000-00-00", "99999-01-01", "2024-01-05Z",
    "-2024-01-05", "2024-01-05.", "1704412800", "2024\u201301\u201305",
]  # fmt: skip

Rows = list[list[str]]


@dataclass(frozen=True)
class Variant:
    """The bytes of a table, and what is right: these values, or a fault in one of these lines.

    Without either it has to be refused, wherever.
    """

    content: bytes
    values: list[list[float]] | None = None
    lines: tuple[int, ...] = ()


def tables(_: Path, folder: Path) -> Iterator[Case]:
    """Tables of 40 days and two columns, each with one fault or written in one other way."""
    for seed in range(TABLES):
        kind = random.Random(seed).choice(KINDS)
        yield f"{kind.__name__}, seed {seed}", lambda seed=seed, kind=kind: _attempt(kind, seed)


def _attempt(kind: Callable[[random.Random, Rows], Variant], seed: int) -> str:
    draw = random.Random(seed)
    variant = kind(draw, _rows(draw))
    try:
        table = parse_table(variant.content, Wanted("day", columns=["a", "b"]), source="f.csv")
        panel = build_panel(table, COLUMNS, missing="mask")
    except DataError as error:
        _check_refusal(error, variant)
        return "refused"
    assert variant.values is not None, f"read, not refused: {variant.content[:300]!r}"
    found = np.where(panel.observed, panel.values, math.nan)
    np.testing.assert_array_equal(found, variant.values)
    return "exact"


def _check_refusal(error: DataError, variant: Variant) -> None:
    said = str(error)
    assert "\n" not in error.problems[0], "an error of several lines"
    may = variant.values is None or isinstance(variant, Harmless)
    assert may, f"refused, but nothing is wrong: {said}"
    places = [f"f.csv:{line}" for line in variant.lines]
    named = any(re.search(rf"{re.escape(place)}\b|\b{place[6:]}\b", said) for place in places)
    assert named or not places, f"line {variant.lines} is not named: {said}"


def _rows(draw: random.Random) -> Rows:
    days = np.datetime64("2024-01-01") + np.arange(ROWS)
    return [[str(day), f"{draw.gauss(0, 9):.4f}", repr(draw.gauss(5, 2))] for day in days]


def _written(rows: Rows, header: str = "day,a,b", end: str = "\n") -> bytes:
    lines = [header, *(",".join(row) for row in rows)]
    return "".join(line + end for line in lines).encode("utf-8", "surrogatepass")


def _values(rows: Rows) -> list[list[float]]:
    return [[float(cell) for cell in row[1:]] for row in rows]


def _verdict(cell: str) -> float | None:
    """The value of a cell, NaN for a missing one, None for what is neither."""
    cell = cell.removeprefix('"').removesuffix('"') if len(cell) > 1 else cell
    cell = cell.strip(" ")
    if cell in MISSING:
        return math.nan
    value = float(cell) if NUMBER.fullmatch(cell) else math.inf
    return value if math.isfinite(value) else None


def another_cell(draw: random.Random, rows: Rows) -> Variant:
    """One cell holds another word."""
    row, column, cell = draw.randrange(1, ROWS - 1), draw.randint(1, 2), draw.choice(CELLS)
    values = _values(rows)
    rows[row][column] = cell
    value = None if cell == "1,5" else _verdict(cell)
    if value is None:
        return Variant(_written(rows), lines=(row + 2,))
    values[row][column - 1] = value
    return Variant(_written(rows), values)


def another_time(draw: random.Random, rows: Rows) -> Variant:
    """One time is another or none."""
    row = draw.randrange(1, ROWS - 1)
    rows[row][0] = draw.choice(TIMES)
    return Variant(_written(rows), lines=(row + 2,))


def a_row_too_short_or_long(draw: random.Random, rows: Rows) -> Variant:
    """A cell too few or too many in one row."""
    row = draw.randrange(ROWS)
    rows[row] = draw.choice([rows[row][:2], rows[row][:1], [*rows[row], "1"], [*rows[row], ""]])
    return Variant(_written(rows), lines=(row + 2,))


def rows_in_another_order(draw: random.Random, rows: Rows) -> Variant:
    """A row doubled, or two swapped."""
    row = draw.randrange(1, ROWS - 1)
    if draw.random() < 0.5:
        rows.insert(row, list(rows[row]))
        return Variant(_written(rows), lines=(row + 2, row + 3))
    rows[row], rows[row + 1] = rows[row + 1], rows[row]
    return Variant(_written(rows), lines=(row + 2, row + 3))


def a_row_left_out(draw: random.Random, rows: Rows) -> Variant:
    """A day that is not there: missing where the table has it."""
    row, values = draw.randrange(1, ROWS - 1), _values(rows)
    del rows[row]
    values[row] = [math.nan, math.nan]
    return Variant(_written(rows), values)


def an_open_quote(draw: random.Random, rows: Rows) -> Variant:
    """A quote that is not closed, or not where a cell begins."""
    row, column = draw.randrange(ROWS), draw.randint(0, 2)
    cell = rows[row][column]
    rows[row][column] = draw.choice(
        [f'"{cell}', f'{cell}"', f'"{cell}"x', f'{cell[:2]}"{cell[2:]}']
    )
    return Variant(_written(rows), lines=(row + 2,))


def another_header(draw: random.Random, rows: Rows) -> Variant:
    """A header that lacks a name, or has one twice."""
    headers = [
        "day,a,a",
        "day,a",
        "a,b",
        "day,A,b",
        "day,a,b,a",
        "day;a;b",
        "1,2,3",
        "",
        "day,a,b,",
    ]
    return Variant(_written(rows, draw.choice(headers)))


def a_strange_byte(draw: random.Random, rows: Rows) -> Variant:
    """A byte that is no UTF-8, or that no number has."""
    row = draw.randrange(1, ROWS)
    lines = _written(rows).split(b"\n")
    place = draw.randrange(len(lines[row]))
    byte = bytes([draw.choice([0, 1, 7, 0x1B, 0x80, 0x93, 0xA0, 0xC3, 0xFE, 0xFF])])
    lines[row] = lines[row][:place] + byte + lines[row][place:]
    return Variant(b"\n".join(lines), lines=(row + 1,))


def written_otherwise(draw: random.Random, rows: Rows) -> Variant:
    """The same table as another program writes it."""
    values, plain = _values(rows), _written(rows)
    ways = [
        b"\xef\xbb\xbf" + plain,
        _written(rows, end="\r\n"),
        _written(rows, end="\r"),
        plain.rstrip(b"\n"),
        plain + b"\n\n",
        plain.replace(b",", b", "),
        _written([[f'"{cell}"' for cell in row] for row in rows], '"day","a","b"'),
        _written([[row[0], row[2], row[1]] for row in rows], "day,b,a"),
        _written([[*row, "text"] for row in rows], "day,a,b,note"),
        _written([[row[1], row[2], row[0]] for row in rows], "a,b,day"),
        gzip.compress(plain),
        bz2.compress(plain),
        lzma.compress(plain),
        gzip.compress(plain[:500]) + gzip.compress(plain[500:]),
        bz2.compress(plain[:500]) + bz2.compress(plain[500:]),
        lzma.compress(plain[:500]) + lzma.compress(plain[500:]),
    ]
    return Variant(draw.choice(ways), values)


def another_dialect(draw: random.Random, rows: Rows) -> Variant:
    """Delimiters and decimal signs that the recipe does not name."""
    plain = _written(rows)
    ways = [
        plain.replace(b",", b";"),
        plain.replace(b",", b"\t"),
        plain.replace(b",", b"|"),
        plain.replace(b",", b";").replace(b".", b","),
        plain.replace(b".", b","),
        plain.decode().encode("utf-16"),
        plain.decode().encode("utf-32"),
        b"# a comment\n" + plain,
        plain + b"sum,1,2\n",
        plain + plain,
        b"",
        b"day,a,b\n",
        b"\n\n\n",
    ]
    return Variant(draw.choice(ways))


def a_packing_damaged(draw: random.Random, rows: Rows) -> Variant:
    """One bit of a packed table flipped, its end cut off, or something behind it."""
    values, plain = _values(rows), _written(rows)
    pack = draw.choice([gzip.compress, bz2.compress, lzma.compress])
    content = bytearray(pack(plain[:700]) + pack(plain[700:]))
    kind = draw.randrange(3)
    if kind == 0:
        return Variant(bytes(content[: draw.randrange(1, len(content))]))
    if kind == 1:
        return Variant(bytes(content) + b"garbage")
    place = draw.randrange(8 * len(content))
    content[place >> 3] ^= 1 << (place & 7)
    return Harmless(bytes(content), values)


class Harmless(Variant):
    """Refused, or read as it is meant: a bit that no reader looks at, such as a time stamp's."""


KINDS = [
    another_cell,
    another_cell,
    another_cell,
    another_time,
    a_row_too_short_or_long,
    rows_in_another_order,
    a_row_left_out,
    an_open_quote,
    another_header,
    a_strange_byte,
    written_otherwise,
    another_dialect,
    a_packing_damaged,
    a_packing_damaged,
]
