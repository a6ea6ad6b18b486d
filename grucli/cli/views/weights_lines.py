"""Rows and columns of weight matrices: what units read, and what is read of each input."""

import math
from collections.abc import Sequence
from statistics import median

from grucli.cells.address import column_names
from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import NONE, align_decimals
from grucli.cli.views.weights_columns import ROWS, bracketed, short
from grucli.results import MatrixStatistics
from grucli.text import clean, shorten

SHOWN_INPUTS = 12
_NAME = 14


def row_columns(matrices: Sequence[MatrixStatistics]) -> list[Column]:
    """Norms of rows: how much a unit reads through a matrix."""
    rows = [item.row_norms for item in matrices]
    starts = [item.expected.get("row_norms") for item in matrices]
    middle = align_decimals([short(median(norms)) if norms else NONE for norms in rows])
    least_row, middle_row, most_row = ROWS["row_norms"].headings
    return [
        Column(least_row, _numbers([min(norms, default=None) for norms in rows]), 1),
        Column(middle_row, tuple(bracketed(middle, starts)), 1),
        Column(most_row, _numbers([max(norms, default=None) for norms in rows]), 1),
        Column(
            ROWS["near_zero_rows"].heading,
            tuple(short(item.near_zero_rows) for item in matrices),
            1,
        ),
    ]


def column_columns(matrices: Sequence[MatrixStatistics], inputs: Sequence[str]) -> list[Column]:
    """Norms of columns: what is read with the largest and the smallest weights.

    ``inputs`` names the columns of the first layer's input matrices, where known.
    """
    found = [_least_and_most(item, inputs) for item in matrices]
    largest, smallest = ROWS["column_norms"].headings
    return [
        Column(largest, tuple(most for _, most in found), 2, numeric=False),
        Column(smallest, tuple(least for least, _ in found), 3, numeric=False),
    ]


def input_columns(
    matrices: Sequence[MatrixStatistics], inputs: Sequence[str]
) -> tuple[list[Column], int]:
    """The inputs of a first layer, those read with the largest weights first, and how many are
    left out.

    ``matrices`` are the input matrices of one layer's gates. No columns where there is only one
    input.
    """
    count = len(matrices[0].column_norms) if matrices else 0
    if count < 2 or any(len(item.column_norms) != count for item in matrices):
        return [], 0
    names = column_names("ih", 0, count, inputs=inputs)
    every = [item.column_norms for item in matrices]
    together = [math.hypot(*norms) for norms in zip(*every, strict=True)]
    order = sorted(range(count), key=lambda column: -together[column])[:SHOWN_INPUTS]
    labels = tuple(shorten(clean(names[column]), _NAME) for column in order)
    columns = [Column("input", labels, 0, numeric=False)]
    if len(matrices) > 1:
        columns.append(Column("all gates", _numbers([together[column] for column in order]), 1))
    for item in matrices:
        cells = align_decimals([short(item.column_norms[column]) for column in order])
        starts = [item.expected.get("column_norms")] * len(order)
        columns.append(Column(item.gate, tuple(bracketed(cells, starts)), 1))
    return columns, count - len(order)


def _least_and_most(item: MatrixStatistics, inputs: Sequence[str]) -> tuple[str, str]:
    """The columns of smallest and largest norm; one alone is the largest."""
    norms = item.column_norms
    if not norms:
        return NONE, NONE
    names = column_names(item.part, item.layer, len(norms), inputs=inputs)
    least, most = (
        f"{shorten(clean(names[place]), _NAME)} {short(norms[place])}"
        for place in (norms.index(min(norms)), norms.index(max(norms)))
    )
    return least if len(norms) > 1 else NONE, most


def _numbers(values: Sequence[float | None]) -> tuple[str, ...]:
    return tuple(align_decimals([short(value) for value in values]))
