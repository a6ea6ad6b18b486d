"""Pictures of matrices made of letters: two rows of cells a line in colour, one without."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.style import Style
from rich.text import Text

from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import Page

_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_GLYPHS, _ASCII_GLYPHS = ("·◦○●", "░▒▓█"), ("-=%", "+*#")
"""Negative and positive ones, each from the smallest shown to the largest magnitude."""


def largest(values: Sequence[Sequence[float]]) -> float:
    """The largest finite magnitude, 0 where there is none."""
    magnitudes = (abs(entry) for row in values for entry in row)
    return max(filter(math.isfinite, magnitudes), default=0.0)


@dataclass(frozen=True)
class Brush:
    """How one value is put on the screen; ``top`` is the magnitude of full colour."""

    top: float
    colour: bool
    ascii_only: bool

    @classmethod
    def on(cls, page: Page, *, top: float) -> "Brush":
        """The brush for a page: in colour where that has colours and more than ASCII."""
        return cls(top, page.colour and not page.ascii_only, page.ascii_only)

    @property
    def rows(self) -> int:
        """Rows of cells in one line of text."""
        return 2 if self.colour else 1

    def lines(self, cells: Sequence[Sequence[float]], stretch: int = 1) -> Iterator[Text]:
        """A picture line by line, each cell ``stretch`` letters wide."""
        for start in range(0, len(cells), self.rows):
            line = Text()
            for column in range(len(cells[0])):
                pair = [row[column] for row in cells[start : start + self.rows]]
                line.append_text(self.cell(pair, stretch))
            yield line

    def cell(self, block: Sequence[float], stretch: int) -> Text:
        """One letter for the cells of ``block``, one below the other, so many times."""
        if not all(map(math.isfinite, block)):
            return Text("?" * stretch, "bold red")
        if self.colour:
            upper, *lower = [Color.from_rgb(*self._rgb(value)) for value in block]
            return Text("▀" * stretch, Style(color=upper, bgcolor=lower[0] if lower else None))
        return Text(self._glyph(block[0]) * stretch)

    def scale(self) -> str:
        """What the ends of the scale mean."""
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


def means(values: Sequence[Sequence[float]], *, rows: int, columns: int) -> list[list[float]]:
    """At most ``rows`` x ``columns`` cells, each the mean of its block: stripes stay."""
    down, across = _blocks(len(values), rows), _blocks(len(values[0]), columns)
    return [
        [_mean([entry for row in values[rows_] for entry in row[columns_]]) for columns_ in across]
        for rows_ in down
    ]


def _mean(entries: Sequence[float]) -> float:
    return sum(entries) / len(entries)


def _blocks(size: int, count: int) -> list[slice]:
    """Cut ``size`` places into at most ``count`` blocks of one length, the last perhaps shorter."""
    length = block_length(size, count)
    return [slice(start, start + length) for start in range(0, size, length)]


def block_length(size: int, count: int) -> int:
    """How many of ``size`` places go into each of at most ``count`` blocks."""
    return -(-size // count)
