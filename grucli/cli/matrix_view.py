"""One matrix as a heat map: each cell of the picture shows the largest entry of its block."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType
from rich.style import Style
from rich.text import Text

from grucli.cli.inspect_columns import shape_words
from grucli.cli.wording import ascii_glyphs, clean, digits, shorten
from grucli.gates import shown_name
from grucli.reports import MatrixValues

MAX_LINES = 40
_LABEL = 9
_WIDEST_CELL = 8
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_SHADES, _ASCII_SHADES = " ░▒▓█", " .+*#"


def render_matrix(matrix: MatrixValues, width: int, *, naming: str = "symbols") -> RenderableType:
    """A heat map of at most ``width`` columns and 40 lines, two rows of cells a line in colour.

    Blue is negative, white zero, red positive, as far as the largest magnitude. Without colour,
    shades show the magnitude alone. ``?`` is not finite.
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
        stretch = min(room // len(cells[0]), _WIDEST_CELL)
        for text, style in self._head(cells, stretch):
            yield Text(brush.glyphs(shorten(text, options.max_width)), style=style, no_wrap=True)
        for start in range(0, len(cells), brush.rows):
            label = clean(self.matrix.rows[start * -(-len(self.matrix.rows) // lines)])
            line = Text(f"{label[:_LABEL]:>{_LABEL}} ", style="dim", no_wrap=True)
            for column in range(len(cells[0])):
                block = [row[column] for row in cells[start : start + brush.rows]]
                line.append_text(brush.cell(block, stretch))
            yield line
        yield Text(brush.glyphs(brush.scale()), style="dim", no_wrap=True)

    def _top(self) -> float:
        magnitudes = (abs(entry) for row in self.matrix.values for entry in row)
        return max(filter(math.isfinite, magnitudes), default=0.0)

    def _head(self, cells: Sequence[Sequence[float]], stretch: int) -> Iterator[tuple[str, str]]:
        matrix = self.matrix
        shape = shape_words((len(matrix.rows), len(matrix.columns)))
        name = shown_name(self.naming, matrix.name, len(matrix.rows))
        gate = "" if self.naming == "words" else f" {matrix.gate}"
        yield f"{name}{gate} · {matrix.name} · {shape}", "bold"
        if len(cells[0]) == len(matrix.columns) and stretch >= 4:
            names = [shorten(clean(name), stretch - 1).ljust(stretch) for name in matrix.columns]
            yield " " * (_LABEL + 1) + "".join(names).rstrip(), "dim"


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
        shades = _ASCII_SHADES if self.ascii_only else _SHADES
        share = abs(block[0]) / self.top if self.top > 0 else 0.0
        return Text(shades[min(int(share * len(shades)), len(shades) - 1)] * stretch)

    def scale(self) -> str:
        top = digits(self.top, 3)
        if self.colour:
            return f"{'':{_LABEL + 1}}blue -{top} · white 0 · red {top}"
        full = (_ASCII_SHADES if self.ascii_only else _SHADES)[-1]
        return f"{'':{_LABEL + 1}}magnitude: blank 0 to {full} {top}"

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


def _blocks(size: int, count: int) -> list[slice]:
    """Cut ``size`` places into at most ``count`` blocks of one length, the last perhaps shorter."""
    length = -(-size // count)
    return [slice(start, start + length) for start in range(0, size, length)]
