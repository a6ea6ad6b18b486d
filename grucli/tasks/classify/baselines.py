"""Classifiers to be beaten: the commonest class, and ridge on means and standard deviations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grucli.tasks.sequences.features import Floats, ridge_candidates

Classes = NDArray[np.int64]


def majority(counts: Classes) -> Floats:
    """The share of each class [K] among the training sequences, said of every sequence."""
    return np.asarray(counts / counts.sum())


@dataclass(frozen=True)
class RidgeClassifier:
    """One ridge regression for each class, of 1 for its sequences and -1 for others."""

    coefficients: Floats

    def __call__(self, rows: Floats) -> Classes:
        """The class of the largest value for each row of features [S, F]."""
        return np.asarray((rows @ self.coefficients).argmax(axis=1))


def fit_ridge_classifier(
    train: tuple[Floats, Classes], valid: tuple[Floats, Classes], *, classes: int
) -> RidgeClassifier:
    """Fit on features and classes of training sequences; validation ones pick the penalty."""
    rows, truth = train
    signs: Floats = np.where(truth[:, None] == np.arange(classes), 1.0, -1.0)
    candidates = map(RidgeClassifier, ridge_candidates(rows.T @ rows, rows.T @ signs))
    return max(candidates, key=lambda ridge: float((ridge(valid[0]) == valid[1]).mean()))
