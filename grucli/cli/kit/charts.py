"""Small pictures made of characters: bars and sparklines, and the colours of curves.

What is drawn with these glyphs reads as well in ASCII, where ``ascii_glyphs`` replaces them one for
one.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TextIO

BLOCKS = "▁▂▃▄▅▆▇█"
SERIES_STYLES = ("cyan", "yellow", "magenta", "blue")
BEST_STYLE = "bold green"


_ASCII = str.maketrans("–·×…→◆▸│┤└─━╸▁▂▃▄▅▆▇█", "--x~>*>||+-==_.:-=+*#")


def ascii_glyphs(text: str) -> str:
    """Replace the glyphs that the views draw with by ASCII ones, one for one."""
    return text.translate(_ASCII)


def write_plain(stream: TextIO, text: str) -> None:
    """Write a text to a log at once, in ASCII glyphs; what its encoding lacks as an escape."""
    encoding = stream.encoding or "utf-8"
    stream.write(ascii_glyphs(text).encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def bar(share: float, width: int) -> str:
    """Draw a bar of ``width`` characters, of which ``share`` (0 to 1) is filled."""
    halves = round(2 * width * min(max(share, 0.0), 1.0))
    filled = "━" * (halves // 2) + "╸" * (halves % 2)
    return filled + "─" * (width - len(filled))


def resample(values: Sequence[float], width: int) -> list[float]:
    """Take the mean of ``width`` equal stretches of a longer sequence; NaN where all are NaN."""
    if len(values) <= width or width < 1:
        return list(values[: max(width, 0)])
    edges = [index * len(values) // width for index in range(width + 1)]
    return [_mean(values[start:stop]) for start, stop in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def stretch(values: Sequence[float], width: int) -> list[float]:
    """Hold each value for as long as makes ``width`` of them; a longer sequence as it is."""
    if not values or len(values) >= width:
        return list(values)
    return [values[at * len(values) // width] for at in range(width)]


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw values as block characters from lowest to highest; not finite ones are blank.

    At most ``width`` characters: longer sequences are averaged, shorter ones give a shorter line.
    """
    points = resample(values, width)
    finite = [point for point in points if math.isfinite(point)]
    if not finite:
        return " " * len(points)
    low, spread = min(finite), max(finite) - min(finite)
    top = len(BLOCKS) - 1
    return "".join(
        " "
        if not math.isfinite(point)
        else BLOCKS[round(top * (point - low) / spread) if spread > 0 else top // 2]
        for point in points
    )
