"""The columns of a weight table: what each shows and how early it gives way on a narrow screen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grucli.cli.wording import NONE, align_decimals, digits, percent
from grucli.reports import MatrixStatistics

_EIGHTHS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Column:
    """``cells`` are the texts of all rows; columns of low ``rank`` are kept first."""

    heading: str
    cells: tuple[str, ...]
    rank: int
    numeric: bool = True

    @property
    def width(self) -> int:
        """Characters of the widest cell, heading included."""
        return max(len(self.heading), *(len(cell) for cell in self.cells))

    @property
    def is_empty(self) -> bool:
        """Whether no row has anything to show."""
        return all(cell.strip() in ("", NONE) for cell in self.cells)


def fitting(columns: Sequence[Column], width: int, *, gap: int) -> list[Column]:
    """The columns that fit side by side with ``gap`` blanks between them, in their own order."""
    kept: set[str] = set()
    room = width + gap
    for column in sorted(columns, key=lambda column: column.rank):
        if not column.is_empty and column.width + gap <= room:
            kept.add(column.heading)
            room -= column.width + gap
    return [column for column in columns if column.heading in kept]


def entry_columns(matrices: Sequence[MatrixStatistics]) -> list[Column]:
    """What the single entries look like: for matrices, biases and gains alike."""

    def numbers(heading: str, rank: int, read: Callable[[MatrixStatistics], float]) -> Column:
        cells = align_decimals([digits(read(item), 3) for item in matrices])
        return Column(heading, tuple(cells), rank)

    return [
        *_names(matrices),
        Column("shape", tuple(shape_words(item.shape) for item in matrices), 1),
        numbers("mean", 2, lambda item: item.mean),
        numbers("deviation", 1, lambda item: item.deviation),
        numbers("min", 3, lambda item: item.minimum),
        Column("values", tuple(map(histogram_words, matrices)), 1, numeric=False),
        numbers("max", 3, lambda item: item.maximum),
        Column("near 0", tuple(percent(item.near_zero_share) for item in matrices), 4),
        numbers("rms", 5, lambda item: item.rms),
    ]


def map_columns(matrices: Sequence[MatrixStatistics]) -> list[Column]:
    """What the matrices do to a vector; the value before training in brackets, where known."""

    def statistic(heading: str, name: str, rank: int) -> Column:
        found = [getattr(item, name) for item in matrices]
        cells = align_decimals([_short(value) for value in found])
        starts = [item.expected.get(name) for item in matrices]
        if any(start is not None for start in starts):
            brackets = [f"({_short(start)})" if start is not None else "" for start in starts]
            wide = max(map(len, brackets))
            pairs = zip(cells, brackets, strict=True)
            cells = [f"{cell} {bracket.rjust(wide)}" for cell, bracket in pairs]
        return Column(heading, tuple(cells), rank)

    return [
        *_names(matrices),
        statistic("acting norm", "effective_norm", 1),
        statistic("acting radius", "effective_radius", 1),
        statistic("norm", "norm", 2),
        statistic("s max", "spectral_norm", 2),
        statistic("s min", "smallest_singular_value", 8),
        statistic("condition", "condition", 9),
        statistic("radius", "spectral_radius", 2),
        statistic("period", "rotation_steps", 11),
        statistic("stable rank", "stable_rank", 10),
        statistic("eff. rank", "effective_rank", 3),
        statistic("part. ratio", "participation_ratio", 12),
        statistic("defect", "orthogonality_defect", 5),
        statistic("Henrici", "non_normality", 6),
        statistic("outliers", "outliers", 4),
        statistic("dead", "dead_rows", 7),
        statistic("alpha", "power_law_exponent", 13),
    ]


def _names(matrices: Sequence[MatrixStatistics]) -> list[Column]:
    return [
        Column("name", tuple(item.symbol for item in matrices), 0, numeric=False),
        Column("gate", tuple(item.gate for item in matrices), 0, numeric=False),
    ]


def _short(value: float | None) -> str:
    """Three digits; whole counts as they are; large numbers without a decimal point."""
    if value is None or isinstance(value, int):
        return NONE if value is None else str(value)
    return f"{value:.0f}" if 100 <= abs(value) < 10_000 else digits(value, 3)


def shape_words(shape: Sequence[int]) -> str:
    """``64×7``, or ``64`` for a vector."""
    return "×".join(map(str, shape))


def histogram_words(item: MatrixStatistics, width: int = 8) -> str:
    """Bars of the counts between minimum and maximum, the highest full; a blank for no entry."""
    group = max(len(item.histogram) // width, 1)
    starts = range(0, len(item.histogram), group)
    counts = [sum(item.histogram[start : start + group]) for start in starts]
    top = max(counts, default=0)
    if top == 0:
        return ""
    steps = len(_EIGHTHS) - 1
    return "".join(_EIGHTHS[round(steps * count / top)] if count else " " for count in counts)
