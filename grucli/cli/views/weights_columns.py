"""The columns of a weight table: what each shows and how early it gives way on a narrow screen."""

from collections.abc import Callable, Sequence

from grucli.cli.kit.columns import NOT_AVAILABLE, Column
from grucli.cli.kit.words import NONE, align_decimals, digits, percent
from grucli.results import MatrixStatistics

Write = Callable[[float], str]

ENTRIES = frozenset(
    ("mean", "deviation", "minimum", "maximum", "near_zero_share", "rms", "not_finite", "norm")
)
"""Statistics of single entries, which vectors have too; all others are in ``map_columns``."""

MEANINGS = {
    "near 0": "share of entries as good as zero",
    "rms": "root mean square",
    "norm": "Frobenius norm",
    "s max": "largest singular value",
    "s min": "smallest singular value",
    "condition": "s max / s min",
    "radius": "largest eigenvalue",
    "period": "steps of the leading mode's rhythm",
    "stable rank": "directions as strong as the strongest",
    "eff. rank": "directions in use",
    "part. ratio": "directions in use, strong ones counted for more",
    "defect": "distance from keeping every length",
    "Henrici": "distance from a normal matrix",
    "outliers": "singular values that chance does not explain",
    "alpha / D": "exponent of a power law and its distance from the data, below 0.1 a fit",
    "row median": "norm of one unit's row, the middle one",
    "dead": "units that hear nothing",
    "hears most": "column of largest norm",
}
"""What headings mean that do not say it themselves."""

_EIGHTHS = "▁▂▃▄▅▆▇█"
_FIRST = -1
"""The rank of a column that no other displaces."""


def entry_columns(matrices: Sequence[MatrixStatistics], *, sort: str | None = None) -> list[Column]:
    """What the single entries look like: for matrices, biases and gains alike.

    The column of the statistic ``sort`` is kept on every screen.
    """

    def column(
        heading: str, name: str, rank: int, write: Callable[[float], str] = _three
    ) -> Column:
        cells = align_decimals([write(getattr(item, name)) for item in matrices])
        return Column(heading, tuple(cells), _FIRST if name == sort else rank)

    shown = [
        Column("shape", tuple(shape_words(item.shape) for item in matrices), 1),
        column("mean", "mean", 2),
        column("deviation", "deviation", 1),
        column("min", "minimum", 3),
        Column("values", tuple(map(histogram_words, matrices)), 1, numeric=False),
        column("max", "maximum", 3),
        column("near 0", "near_zero_share", 4, percent),
        column("rms", "rms", 5),
    ]
    if sort == "norm":
        shown.append(column("norm", "norm", _FIRST))
    if sort == "not_finite":
        shown.append(column("not finite", "not_finite", _FIRST, str))
    return shown


def map_columns(matrices: Sequence[MatrixStatistics], *, sort: str | None = None) -> list[Column]:
    """What the matrices do to a vector; the value before training in brackets, where known.

    The column of the statistic ``sort`` is kept on every screen.
    """

    def statistic(heading: str, name: str, rank: int, none: str = NONE) -> Column:
        found = [getattr(item, name) for item in matrices]
        cells = align_decimals([none if value is None else short(value) for value in found])
        cells = bracketed(cells, [item.expected.get(name) for item in matrices])
        return Column(heading, tuple(cells), _FIRST if name == sort else rank)

    shown = [
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
        _power_law(matrices, first=sort in ("power_law_exponent", "power_law_distance")),
    ]
    if sort == "dead_rows":
        shown.append(statistic("dead", sort, _FIRST))
    if sort == "divided_by":
        shown.append(statistic("divided by", sort, _FIRST))
    if sort == "outlier_edge":
        shown.append(statistic("outlier edge", sort, _FIRST))
    return shown


def _power_law(matrices: Sequence[MatrixStatistics], *, first: bool) -> Column:
    """Exponent and distance side by side: the one means little without the other."""
    cells = [
        NOT_AVAILABLE
        if item.power_law_exponent is None
        else f"{short(item.power_law_exponent)} / {short(item.power_law_distance)}"
        for item in matrices
    ]
    return Column("alpha / D", tuple(cells), _FIRST if first else 13)


def bracketed(cells: Sequence[str], starts: Sequence[float | None]) -> list[str]:
    """Each value with the one before training in brackets, where any is known."""
    if all(start is None for start in starts):
        return list(cells)
    brackets = [f"({short(start)})" if start is not None else "" for start in starts]
    wide = max(map(len, brackets))
    return [f"{cell} {bracket.rjust(wide)}" for cell, bracket in zip(cells, brackets, strict=True)]


def _three(value: float) -> str:
    return digits(value, 3)


def short(value: float | None) -> str:
    """Write three digits; whole counts as they are; large numbers without a decimal point."""
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
