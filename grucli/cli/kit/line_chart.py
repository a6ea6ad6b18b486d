"""Line charts in braille, or with letters on terminals that show nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rich.text import Text

from grucli.cli.kit.charts import BEST_STYLE, SERIES_STYLES, resample
from grucli.cli.kit.numbers import digits
from grucli.text import shorten

LOG_FROM_RATIO = 10.0
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_LETTERS = "ox+#"


@dataclass(frozen=True)
class _Scale:
    """Values to heights between 0 (bottom) and 1 (top), along a logarithm where ``log``."""

    low: float
    high: float
    log: bool

    def height(self, value: float) -> float:
        low, high, here = (
            (math.log(self.low), math.log(self.high), math.log(value))
            if self.log
            else (self.low, self.high, value)
        )
        return (here - low) / (high - low) if high > low else 0.5

    def value(self, height: float) -> float:
        if self.log:
            return math.exp(math.log(self.low) * (1 - height) + math.log(self.high) * height)
        return self.low * (1 - height) + self.high * height


def _scale_of(series: Mapping[str, Sequence[float]]) -> _Scale | None:
    finite = [value for line in series.values() for value in line if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    return _Scale(low, high, low > 0 and high / low >= LOG_FROM_RATIO)


@dataclass
class _Canvas:
    """Cells of dots: braille holds 2 by 4 of them in a character, ASCII one letter."""

    width: int
    height: int
    ascii_only: bool
    bits: dict[tuple[int, int], int] = field(default_factory=dict)
    owner: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def dots(self) -> tuple[int, int]:
        """Dots across and down."""
        return (self.width, self.height) if self.ascii_only else (2 * self.width, 4 * self.height)

    def dot(self, x: int, y: int, series: int) -> None:
        across, down = (1, 1) if self.ascii_only else (2, 4)
        cell = (y // down, x // across)
        bit = 1 if self.ascii_only else _DOTS[x % 2][y % 4]
        self.bits[cell] = self.bits.get(cell, 0) | bit
        self.owner[cell] = series

    def line(self, start: tuple[int, int], stop: tuple[int, int], series: int) -> None:
        steps = max(abs(stop[0] - start[0]), abs(stop[1] - start[1]), 1)
        for step in range(steps + 1):
            share = step / steps
            x = round(start[0] + (stop[0] - start[0]) * share)
            y = round(start[1] + (stop[1] - start[1]) * share)
            self.dot(x, y, series)

    def plot(self, values: Sequence[float], scale: _Scale, series: int) -> None:
        across, down = self.dots
        last: tuple[int, int] | None = None
        for index, value in enumerate(values):
            if not math.isfinite(value):
                last = None
                continue
            x = round(index * (across - 1) / max(len(values) - 1, 1))
            here = (x, round((1 - scale.height(value)) * (down - 1)))
            self.line(last or here, here, series)
            last = here

    def row(self, row: int, mark: tuple[int, int] | None) -> list[tuple[str, str]]:
        """Characters and styles of one row; ``mark`` is the (row, column) of the best point."""
        cells = []
        for column in range(self.width):
            owner = self.owner.get((row, column), 0) % len(SERIES_STYLES)
            bits = self.bits.get((row, column), 0)
            letter = _LETTERS[owner] if self.ascii_only else chr(0x2800 + bits)
            cells.append((letter, SERIES_STYLES[owner]) if bits else (" ", ""))
        if mark is not None and mark[0] == row:
            cells[mark[1]] = ("◆", BEST_STYLE)
        return cells


def line_chart(
    series: Mapping[str, Sequence[float]],
    width: int,
    height: int,
    *,
    best: tuple[str, int] | None = None,
    x_labels: tuple[str, str] = ("", ""),
    ascii_only: bool = False,
) -> list[Text]:
    """Draw lines over a common horizontal axis, each named at its right end.

    Gives ``height`` lines of at most ``width`` characters; the last two are the axis and its
    labels. Series have one value for each place on the axis, NaN leaves a gap; ``best`` names
    the point (series, index) to mark. The vertical axis is logarithmic when all values are
    positive and span more than a factor of ten. Empty when there is nothing to draw.
    """
    scale = _scale_of(series)
    if scale is None:
        return []
    ticks = _ticks(scale, height)
    gutter = max(len(tick) for tick in ticks.values()) + 2
    shown = {
        name: f" {_LETTERS[number % 4]} {name}" if ascii_only else f" {name}"
        for number, name in enumerate(series)
    }
    names = max(map(len, shown.values()))
    canvas = _Canvas(max(width - gutter - names, 4), max(height - 2, 1), ascii_only)
    points = {name: resample(values, canvas.dots[0]) for name, values in series.items()}
    for number, values in enumerate(points.values()):
        canvas.plot(values, scale, number)
    mark = _mark(series, best, scale, canvas)
    labels = _end_labels(points, scale, canvas.height)
    lines = []
    for row in range(canvas.height):
        line = Text(f"{ticks.get(row, ''):>{gutter - 2}} ")
        line.append("┤" if row in ticks else "│", "dim")
        for style, run in groupby(canvas.row(row, mark), key=lambda cell: cell[1]):
            line.append("".join(glyph for glyph, _ in run), style)
        name, style = labels.get(row, ("", ""))
        lines.append(line.append(shown.get(name, ""), style))
    lines += _axis(gutter, canvas.width, x_labels)
    for line in lines:
        line.truncate(width)
    return lines


def _axis(gutter: int, width: int, labels: tuple[str, str]) -> list[Text]:
    """The horizontal axis and the words below its ends."""
    room = max(width - len(labels[0]) - len(labels[1]), 1)
    return [
        Text(" " * (gutter - 1) + "└" + "─" * width, style="dim"),
        Text(" " * gutter + labels[0] + " " * room + labels[1], style="dim"),
    ]


def _ticks(scale: _Scale, height: int) -> dict[int, str]:
    """Row -> number beside it: top, bottom, and the middle of a chart with room for it."""
    bottom = max(height - 3, 0)
    ticks = {0: digits(scale.high, 3), bottom: digits(scale.low, 3)}
    if bottom >= 4:
        ticks[bottom // 2] = digits(scale.value(1 - bottom // 2 / bottom), 3)
    return ticks


def _mark(
    series: Mapping[str, Sequence[float]],
    best: tuple[str, int] | None,
    scale: _Scale,
    canvas: _Canvas,
) -> tuple[int, int] | None:
    """The cell of the best point, or None."""
    if best is None or not 0 <= best[1] < len(series[best[0]]):
        return None
    value = series[best[0]][best[1]]
    if not math.isfinite(value):
        return None
    across, down = canvas.dots
    x = round(best[1] * (across - 1) / max(len(series[best[0]]) - 1, 1))
    y = round((1 - scale.height(value)) * (down - 1))
    return y * canvas.height // down, x * canvas.width // across


def _end_labels(
    points: Mapping[str, Sequence[float]], scale: _Scale, height: int
) -> dict[int, tuple[str, str]]:
    """Row -> (name, style): each series named where it ends, moved where two would collide."""
    ends = []
    for number, (name, values) in enumerate(points.items()):
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            end = round((1 - scale.height(finite[-1])) * (height - 1))
            ends.append((end, name, SERIES_STYLES[number % len(SERIES_STYLES)]))
    labels: dict[int, tuple[str, str]] = {}
    for end, name, style in sorted(ends):
        row = end
        while row in labels:
            row += 1
        if row >= height:
            row = next((free for free in range(height - 1, -1, -1) if free not in labels), row)
        labels[row] = (shorten(name, 12), style)
    return labels
