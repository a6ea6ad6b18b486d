"""The columns of a weight table: what each shows and how early it gives way on a narrow screen."""

from collections.abc import Iterator, Sequence

from grucli.cli.kit.charts import BLOCKS
from grucli.cli.kit.columns import NOT_AVAILABLE, Column
from grucli.cli.kit.numbers import NONE, align_decimals, digits
from grucli.results import MatrixStatistics, Statistic, rows_of
from grucli.text import percent

ROWS = dict(sorted(rows_of(MatrixStatistics, Statistic).items(), key=lambda row: row[1].place))
"""The rows of all statistics by name, in the order of their columns."""

_OF_ONE_COLUMN = ("frobenius_norm", "effective_spectral_norm", "layer_norm_standard_deviation")
_FIRST = -1
"""The rank of a column that no other displaces."""


def meanings() -> Iterator[tuple[str, str]]:
    """Heading and meaning of the columns whose heading does not say it itself."""
    for row in ROWS.values():
        heading, colon, meaning = row.meaning.rpartition(": ")
        if row.meaning:
            yield (heading if colon else row.heading), meaning


def entry_columns(matrices: Sequence[MatrixStatistics], *, sort: str | None = None) -> list[Column]:
    """What the single entries look like: for matrices, biases and gains alike.

    The column of the statistic ``sort`` is kept on every screen.
    """
    shown = [name for name, row in ROWS.items() if row.table == "entries" and row.rank is not None]
    if sort is not None and ROWS[sort].is_of_entries and sort not in shown:
        shown.append(sort)
    return [_entries(matrices, name, rank=_rank(name, sort)) for name in shown]


def _rank(name: str, sort: str | None) -> int:
    rank = ROWS[name].rank
    return _FIRST if name == sort or rank is None else rank


def _entries(matrices: Sequence[MatrixStatistics], name: str, *, rank: int) -> Column:
    row = ROWS[name]
    if name == "histogram":
        return Column(row.heading, tuple(map(histogram_words, matrices)), rank, numeric=False)
    write = percent if row.is_share else _count_or_three
    cells = align_decimals([write(getattr(item, name)) for item in matrices])
    return Column(row.heading, tuple(cells), rank)


def map_columns(
    matrices: Sequence[MatrixStatistics], topic: str, *, sort: str | None = None
) -> list[Column]:
    """What the matrices do to a vector; the value before training in brackets, where known.

    The column of the statistic ``sort``, if it is of this topic, is kept on every screen.
    """
    shown = [name for name, row in ROWS.items() if row.table == topic and row.rank is not None]
    if sort is not None and ROWS[sort].table == topic and not ROWS[sort].is_of_entries:
        headings = {ROWS[name].heading for name in shown}
        shown += [sort] * (ROWS[sort].heading not in headings)
    columns = [_map(matrices, name, sort) for name in shown]
    if topic == "directions":
        columns.insert(0, Column("shape", tuple(shape_words(item.shape) for item in matrices), 1))
    return columns


def _map(matrices: Sequence[MatrixStatistics], name: str, sort: str | None) -> Column:
    heading, rank = ROWS[name].heading, _rank(name, sort)
    if name == "power_law_exponent":
        is_first = sort is not None and ROWS[sort].heading == heading
        return _power_law(matrices, rank=_FIRST if is_first else rank)
    values = [getattr(item, name) if is_told(item, name) else None for item in matrices]
    starts = [item.expected.get(name) if is_told(item, name) else None for item in matrices]
    cells = align_decimals([short(value) for value in values])
    cells = bracketed(cells, starts)
    return Column(heading, tuple(cells), rank)


def is_told(item: MatrixStatistics, name: str) -> bool:
    """A matrix with one column has one singular value, its norm: nothing more to tell of it."""
    return min(item.shape) > 1 or name in _OF_ONE_COLUMN


def _power_law(matrices: Sequence[MatrixStatistics], *, rank: int) -> Column:
    """Exponent and distance side by side: the one means little without the other."""
    cells = [
        NOT_AVAILABLE
        if item.power_law_exponent is None
        else f"{short(item.power_law_exponent)} / {short(item.power_law_distance)}"
        for item in matrices
    ]
    return Column(ROWS["power_law_exponent"].heading, tuple(cells), rank)


def bracketed(cells: Sequence[str], starts: Sequence[float | None]) -> list[str]:
    """Each value with the one before training in brackets, where any is known."""
    if all(start is None for start in starts):
        return list(cells)
    brackets = [f"({short(start)})" if start is not None else "" for start in starts]
    wide = max(map(len, brackets))
    return [f"{cell} {bracket.rjust(wide)}" for cell, bracket in zip(cells, brackets, strict=True)]


def _count_or_three(value: float) -> str:
    return str(value) if isinstance(value, int) else digits(value, 3)


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
    steps = len(BLOCKS) - 1
    return "".join(BLOCKS[round(steps * count / top)] if count else " " for count in counts)
