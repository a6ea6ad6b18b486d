"""How good a classifier is, from the class it says of each sequence and its probabilities.

Definitions: accuracy is the share of right labels; balanced accuracy the mean over classes of the
share of their sequences that were recognised; macro F1 the mean over classes of 2 P R / (P + R),
0 for a class that was never said and never recognised; log loss the mean of -ln p of the true
class; calibration error the mean over sequences of |share right - mean probability| of the tenth
of the unit interval that the probability of the label said falls into (Guo et al. 2017, arXiv
1706.04599). Classes without a sequence are left out of the means over classes.
"""

import numpy as np
from numpy.typing import NDArray

from grucli.results.classes import ClassMetrics

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

BINS = 10
SMALLEST = 1e-15
"""Probabilities below it count as it, so that one mistake does not make a loss infinite."""


def confusion(truth: Classes, said: Classes, classes: int) -> NDArray[np.int64]:
    """How often each class [N] was taken for each: [K, K], true classes down."""
    pairs = np.bincount(truth * classes + said, minlength=classes * classes)
    return np.asarray(pairs.reshape(classes, classes))


def class_metrics(
    truth: Classes, said: Classes, *, classes: int, probabilities: Floats | None
) -> ClassMetrics:
    """All metrics of labels ``said`` [N]; ``probabilities`` [N, K] where there are any."""
    table = confusion(truth, said, classes)
    right, true, claimed = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    known = true > 0
    f1 = 2 * right / np.maximum(true + claimed, 1)
    return ClassMetrics(
        accuracy=float(right.sum() / len(truth)),
        balanced_accuracy=float((right[known] / true[known]).mean()),
        macro_f1=float(f1[known].mean()),
        log_loss=None if probabilities is None else _log_loss(truth, probabilities),
        calibration_error=(
            None if probabilities is None else _calibration_error(truth, said, probabilities)
        ),
    )


def _log_loss(truth: Classes, probabilities: Floats) -> float:
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, SMALLEST)).mean())


def _calibration_error(truth: Classes, said: Classes, probabilities: Floats) -> float:
    confidence = probabilities[np.arange(len(said)), said]
    tenth = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(tenth, weights=(said == truth) - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / len(truth))
