"""Regressors to be beaten: the mean number, and ridge on means and standard deviations."""

import numpy as np

from grucli.tasks.sequences.features import Floats, ridge_candidates


def mean(numbers: float, count: int) -> Floats:
    """The mean of the training sequences, said of each of ``count`` sequences."""
    return np.full(count, numbers)


def fit_ridge(train: tuple[Floats, Floats], valid: tuple[Floats, Floats]) -> Floats:
    """Coefficients [F, 1] of scaled numbers [S, 1] on features [S, F]; validation ones pick."""
    rows, truth = train
    return min(
        ridge_candidates(rows.T @ rows, rows.T @ truth),
        key=lambda coefficients: float(np.square(valid[0] @ coefficients - valid[1]).sum()),
    )
