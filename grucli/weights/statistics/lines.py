"""What rows and columns of a matrix say: what units read, and what is read of each input."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.weights.statistics.arrays import Vector

NEAR_ZERO_ROW = 1e-3


def column_norms(matrix: NDArray[Any]) -> tuple[float, ...]:
    """Norm of the weights by which each input is read.

    Formula: |W[:, j]| = sqrt(sum over i of w_ij^2)

    Tells: which input columns matter to a gate, and which units of the state are read by the
    others; an input far below the others in every gate is unread.

    Misleads: inputs of unequal scales have weights of unequal sizes (a recipe scales them all), and
    inputs that say the same share the weight among them.

    At the start: sqrt(rows) times the standard deviation of the draw, for every column.

    Source: the usual definition.
    """
    return tuple(_norms(matrix, axis=0).tolist())


def row_norms(matrix: NDArray[Any]) -> tuple[float, ...]:
    """Norm of the weights by which each unit of the gate reads.

    Formula: |W[i, :]| = sqrt(sum over j of w_ij^2)

    Tells: which units a gate is steered for, and which it leaves to their bias: those far below the
    median read next to nothing.

    Misleads: of a single input column it is one weight, which says nothing about the unit beside
    its row of the hidden-to-hidden matrix. Below a layer normalisation only rows of one matrix can
    be compared, and by their gain too.

    At the start: sqrt(columns) times the standard deviation of the draw, for every row.

    Source: the usual definition.
    """
    return tuple(_norms(matrix, axis=1).tolist())


def near_zero_rows(matrix: NDArray[Any]) -> int:
    """How many units read nothing through this matrix.

    Formula: count of |W[i, :]| <= median |W[i, :]| / 1000

    Tells: units that pruning or weight decay has switched off.

    Misleads: a unit that reads nothing in one gate may live by the others and by its bias; and with
    one input column a row is a single weight, which may be near zero by chance.

    At the start: 0, except by that chance.

    Source: ours.
    """
    rows = _norms(matrix, axis=1)
    return int(np.count_nonzero(rows <= NEAR_ZERO_ROW * np.median(rows)))


def _norms(matrix: NDArray[Any], *, axis: int) -> Vector:
    return np.asarray(np.linalg.norm(matrix, axis=axis), dtype=np.float64)
