"""Labels to be beaten: the commonest class or the mean, and ridge regression on a few rows.

Suffixes: N rows of the panel, C columns, F features, K outputs.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.data import Panel
from grucli.results import ROWS_BEFORE
from grucli.tasks.sequences.features import Floats, ridge_candidates

Rows = NDArray[np.int64]

BLOCK = 1 << 16
"""Rows that are looked at together."""


class Lagged(NamedTuple):
    """The scaled columns [N, C] of a panel, of which ridge regression sees a row and those before.

    In front of a series its first row stands again.
    """

    panel: Panel
    scaled: NDArray[np.float32]

    def of(self, rows: Rows) -> Floats:
        """Features of some rows [n, (ROWS_BEFORE + 1) C + 1], the last of them a one."""
        first = self.panel.bounds[self.panel.series_of(rows)]
        parts = [self.scaled[np.maximum(rows - lag, first)] for lag in range(ROWS_BEFORE + 1)]
        return np.column_stack([*parts, np.ones(len(rows))]).astype(np.float64)

    def blocks(self, rows: Rows) -> Iterator[tuple[slice, Floats]]:
        """The same in blocks, each with its places among ``rows``."""
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            yield part, self.of(rows[part])

    def said(self, rows: Rows, coefficients: Floats) -> Floats:
        """What a ridge regression says of some rows, [n, K]."""
        return np.concatenate([seen @ coefficients for _, seen in self.blocks(rows)])


class Told(NamedTuple):
    """Rows of a part whose labels are known, and what ridge regression learns to say [n, K]."""

    rows: Rows
    truth: Floats


def fit_ridge(
    seen: Lagged, train: Told, valid: Told, error: Callable[[Floats, Floats], float]
) -> Floats:
    """Coefficients [F, K], those of the penalty with the least ``error(said, truth)`` on valid."""
    size = seen.of(train.rows[:1]).shape[1]
    gram, cross = np.zeros((size, size)), np.zeros((size, train.truth.shape[1]))
    for part, features in seen.blocks(train.rows):
        gram += features.T @ features
        cross += features.T @ train.truth[part]
    candidates = ridge_candidates(gram, cross)
    return min(candidates, key=lambda own: error(seen.said(valid.rows, own), valid.truth))
