"""Classifiers to be beaten: the commonest class, and ridge regression on means and deviations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

RIDGE_PENALTIES = (1e-3, 1e-1, 1e1, 1e3)


def majority(counts: Classes) -> Floats:
    """The share of each class [K] among the training sequences, said of every sequence."""
    return np.asarray(counts / counts.sum())


def features(values: Floats, lengths: NDArray[np.int64]) -> Floats:
    """Mean and deviation of every column of each sequence, and a one: [S, 2 C + 1].

    ``values`` [N, C] holds the sequences one behind the other, ``lengths`` [S] how long each is.
    """
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    mean = np.add.reduceat(values, starts) / lengths[:, None]
    centred = values - np.repeat(mean, lengths, axis=0)
    deviation = np.sqrt(np.add.reduceat(centred**2, starts) / lengths[:, None])
    return np.concatenate([mean, deviation, np.ones((len(lengths), 1))], axis=1)


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
    gram, cross = rows.T @ rows, rows.T @ signs
    candidates = [
        RidgeClassifier(np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), cross)))
        for penalty in RIDGE_PENALTIES
    ]
    return max(candidates, key=lambda ridge: float((ridge(valid[0]) == valid[1]).mean()))
