"""What ridge regression sees of a sequence: the mean and the standard deviation of each column."""

import numpy as np
from numpy.typing import NDArray

from grucli.tasks.indicators import with_indicators
from grucli.tasks.ridge_penalties import RIDGE_PENALTIES
from grucli.tasks.sequences.samples import Sequences

Floats = NDArray[np.float64]


def features(values: Floats, lengths: NDArray[np.int64]) -> Floats:
    """Mean and standard deviation of every column of each sequence, and a one: [S, 2 C + 1].

    ``values`` [N, C] holds the sequences one behind the other, ``lengths`` [S] how long each is.
    """
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    mean = np.add.reduceat(values, starts) / lengths[:, None]
    centred = values - np.repeat(mean, lengths, axis=0)
    deviation = np.sqrt(np.add.reduceat(centred**2, starts) / lengths[:, None])
    return np.concatenate([mean, deviation, np.ones((len(lengths), 1))], axis=1)


def features_of(sequences: Sequences) -> Floats:
    """Those of the scaled columns of every sequence, of a category those of each text."""
    scaled = with_indicators(sequences.data).cpu().numpy().astype(np.float64)
    runs = zip(sequences.first.tolist(), sequences.lengths.tolist(), strict=True)
    rows = [scaled[first : first + length] for first, length in runs]
    return features(np.concatenate(rows), sequences.lengths.numpy())


def ridge_candidates(gram: Floats, cross: Floats) -> list[Floats]:
    """Coefficients [F, K] for each of the penalties.

    ``gram`` [F, F] and ``cross`` [F, K] are sums over samples of x x^T and x y^T.
    """
    return [
        np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), cross))
        for penalty in RIDGE_PENALTIES
    ]
