"""One matrix as a heat map: each cell of the picture shows the largest entry of its block."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType
from rich.style import Style
from rich.text import Text

from grucli.cells.naming import shown_name
from grucli.cli.kit.words import ascii_glyphs, clean, digits, plural, shorten
from grucli.cli.views.weights_columns import shape_words
from grucli.results import MatrixValues

MAX_LINES = 40
_LABEL = 9
_WIDEST_CELL = 8
_STEPS = (1, 2, 5, 10, 20, 50)
"""Cells from one number of the column axis to the next."""
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_GLYPHS, _ASCII_GLYPHS = ("·◦○●", "░▒▓█"), ("-=%", "+*#")
"""Negative and positive ones, each from the smallest shown to the largest magnitude."""


def render_matrix(matrix: MatrixValues, width: int, *, naming: str = "symbols") -> RenderableType:
    """A heat map of at most ``width`` columns and 40 lines, two rows of cells a line in colour.

    Blue is negative, white zero, red positive, as far as the largest magnitude. Without colour
    circles are negative and shades positive; in ASCII ``-=%`` and ``+*#``. ``?`` is not finite.
    """
    return _HeatMap(matrix, width, naming)


@dataclass(frozen=True)
class _HeatMap:
    """Draws itself when a console asks, which then also says what it can show."""

    matrix: MatrixValues
    width: int
    naming: str

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        colour = console.color_system is not None and not console.no_color
        brush = _Brush(self._top(), colour and not options.ascii_only, options.ascii_only)
        room = max(min(self.width, options.max_width) - _LABEL - 1, 8)
        lines = MAX_LINES * brush.rows
        cells = shrink(self.matrix.values, rows=lines, columns=room)
        block = _length(len(self.matrix.rows), lines), _length(len(self.matrix.columns), room)
        stretch = min(room // len(cells[0]), _WIDEST_CELL)
        axis = column_axis(self.matrix.columns, count=len(cells[0]), each=block[1], cell=stretch)
        for text, style in ((self._title(), "bold"), (axis, "dim")):
            yield Text(brush.glyphs(shorten(text, options.max_width)), style=style, no_wrap=True)
        for start in range(0, len(cells), brush.rows):
            label = clean(self.matrix.rows[start * block[0]])
            line = Text(f"{label[:_LABEL]:>{_LABEL}} ", style="dim", no_wrap=True)
            for column in range(len(cells[0])):
                pair = [row[column] for row in cells[start : start + brush.rows]]
                line.append_text(brush.cell(pair, stretch))
            yield line
        for text in (brush.scale(), *_merged(block)):
            yield Text(brush.glyphs(" " * (_LABEL + 1) + text), style="dim", no_wrap=True)

    def _top(self) -> float:
        magnitudes = (abs(entry) for row in self.matrix.values for entry in row)
        return max(filter(math.isfinite, magnitudes), default=0.0)

    def _title(self) -> str:
        matrix = self.matrix
        shape = shape_words((len(matrix.rows), len(matrix.columns)))
        name = shown_name(self.naming, matrix.address, len(matrix.rows))
        gate = "" if self.naming == "words" else f" {matrix.gate}"
        return f"{name}{gate} · {matrix.name} · {shape}"


@dataclass(frozen=True)
class _Brush:
    """How one value is put on the screen; ``top`` is the magnitude of full colour."""

    top: float
    colour: bool
    ascii_only: bool

    @property
    def rows(self) -> int:
        """Rows of cells in one line of text."""
        return 2 if self.colour else 1

    def glyphs(self, text: str) -> str:
        return ascii_glyphs(text) if self.ascii_only else text

    def cell(self, block: Sequence[float], stretch: int) -> Text:
        if not all(map(math.isfinite, block)):
            return Text("?" * stretch, "bold red")
        if self.colour:
            upper, *lower = [Color.from_rgb(*self._rgb(value)) for value in block]
            return Text("▀" * stretch, Style(color=upper, bgcolor=lower[0] if lower else None))
        return Text(self._glyph(block[0]) * stretch)

    def scale(self) -> str:
        top = digits(self.top, 3)
        if self.colour:
            return f"blue -{top} · white 0 · red {top}"
        negative, positive = self._families
        return f"-{top} {negative[::-1]} blank {positive} {top}"

    @property
    def _families(self) -> tuple[str, str]:
        return _ASCII_GLYPHS if self.ascii_only else _GLYPHS

    def _glyph(self, value: float) -> str:
        family = self._families[value > 0]
        share = abs(value) / self.top if self.top > 0 else 0.0
        level = min(int(share * (len(family) + 1)), len(family))
        return family[level - 1] if level else " "

    def _rgb(self, value: float) -> tuple[float, float, float]:
        share = min(abs(value) / self.top, 1.0) if self.top > 0 else 0.0
        end = _POSITIVE if value > 0 else _NEGATIVE
        red, green, blue = (
            zero + share * (full - zero) for zero, full in zip(_ZERO, end, strict=True)
        )
        return red, green, blue


def shrink(values: Sequence[Sequence[float]], *, rows: int, columns: int) -> list[list[float]]:
    """At most ``rows`` x ``columns`` cells, each the entry of largest magnitude in its block."""
    down, across = _blocks(len(values), rows), _blocks(len(values[0]), columns)
    return [
        [
            max((entry for row in values[rows_] for entry in row[columns_]), key=abs)
            for columns_ in across
        ]
        for rows_ in down
    ]


def column_axis(names: Sequence[str], *, count: int, each: int, cell: int) -> str:
    """The line above a picture of ``count`` cells, ``each`` for so many columns, ``cell`` wide.

    Names where every cell has room for one that tells it apart, else numbers of columns.
    """
    shown = [shorten(clean(name), cell - 1) for name in names]
    if each == 1 and len(set(shown)) == len(names):
        return " " * (_LABEL + 1) + "".join(name.ljust(cell) for name in shown).rstrip()
    word = names[0].rpartition(" ")[0]
    if any(name != f"{word} {place}" for place, name in enumerate(names)):
        word = "column"
    room = len(str(len(names))) + 2
    step = next(step for step in _STEPS if step * cell >= room)
    line = "".join(str(place * each).ljust(step * cell) for place in range(0, count, step))
    return f"{word[:_LABEL]:>{_LABEL}} {line[: count * cell].rstrip()}"


def _merged(block: tuple[int, int]) -> Iterator[str]:
    """What a cell stands for, where that is more than one entry."""
    if block != (1, 1):
        rows, columns = plural(block[0], "row"), plural(block[1], "column")
        yield f"each cell: the largest in magnitude of {rows} × {columns}"


def _blocks(size: int, count: int) -> list[slice]:
    """Cut ``size`` places into at most ``count`` blocks of one length, the last perhaps shorter."""
    length = _length(size, count)
    return [slice(start, start + length) for start in range(0, size, length)]


def _length(size: int, count: int) -> int:
    return -(-size // count)
