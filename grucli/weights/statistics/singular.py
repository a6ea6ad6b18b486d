"""What the singular values of a matrix say about what it does to a state.

s are the singular values, largest first; k = min(m, n) of them. All functions are exact up to
rounding in float64; ``estimates`` has the fast ones for large matrices.
"""

import math

import numpy as np

from grucli.weights.statistics.arrays import Matrix, Vector


def singular_values(matrix: Matrix) -> Vector:
    """Largest and smallest singular value: how far W stretches its first and its last main axis.

    Formula: W = U diag(s) V^T, s_1 = max |W v| / |v|, s_min = s_k

    Tells: s_1 (the spectral norm) bounds what W can do to any vector in one step; s_min is what is
    left of the most neglected direction.

    Misleads: s_1 below a layer normalisation, as the norm does; see the effective norm. And s_1 > 1
    alone does not make a gated cell unstable: gates below 1 stand beside it.

    At the start: s_1 is sigma (sqrt rows + sqrt columns) less a little, so for a hidden-to-hidden
    matrix of torch's draw 1.11 at 64 units and 1.15 in the limit of many; the median of its s_min
    is 0.545 sigma / sqrt(H). Both are 1 for an orthogonal matrix.

    Source: Marchenko & Pastur 1967; Johnstone 2001 (s_1); Edelman 1988 (s_min).

    Returns all k, largest first.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    return np.asarray(values, dtype=np.float64)


def condition_number(s: Vector) -> float:
    """Condition number: how unequally directions are treated.

    Formula: s_1 / s_min; infinite where s_min is 0

    Tells: how much of a state is lost when it passes through W: from 1e6 on, a direction of it.

    Misleads: for square random matrices, where it is large without any learning.

    At the start: about 3.6 H for a square matrix, 1 for an orthogonal one.

    Source: the usual definition; Edelman 1988 for random matrices.
    """
    return float(s[0] / s[-1]) if s[-1] > 0 else math.inf


def stable_rank(s: Vector) -> float:
    """How many directions carry as much as the strongest one does.

    Formula: |W|_F^2 / s_1^2 = sum s^2 / s_1^2, between 1 and k

    Tells: near 1, a single direction has taken over.

    Misleads: it looks at the strongest direction alone: one outlier brings it down although all
    others are as before.

    At the start: a little over k / 4 for a square matrix, k for an orthogonal one.

    Source: Rudelson & Vershynin 2007 (numerical rank); WeightWatcher (Martin & Mahoney).
    """
    return float(np.sum((s / s[0]) ** 2)) if s[0] > 0 else math.nan


def effective_rank(s: Vector) -> float:
    """How many directions are in use, weak ones counted for less.

    Formula: exp(-sum p ln p) with p = s / sum s, between 1 and k

    Tells: how many dimensions the map really has; learning that needs few brings it down.

    Misleads: many weak directions that are nothing but the draw keep it high although what was
    learned is of low rank; the rank of the change (comparison of two files) has no draw in it.

    At the start: about 0.80 k for a square matrix, k for an orthogonal one, 1 for a single column.

    Source: Roy & Vetterli 2007, The effective rank, EUSIPCO.
    """
    total = float(s.sum())
    if total == 0.0:
        return math.nan
    p = s[s > 0] / total
    return float(np.exp(-np.sum(p * np.log(p))))


def participation_ratio(s: Vector) -> float:
    """How many directions are in use, strong ones counted for more.

    Formula: (sum s^2)^2 / sum s^4, between 1 and k

    Tells: the same as the effective rank, from the squares: it falls sooner when few directions
    grow.

    Misleads: as the stable rank, by a few outliers.

    At the start: about k / 2 for a square matrix, k for an orthogonal one.

    Source: the usual definition (Bell & Dean 1970, in physics).
    """
    if s[0] == 0:
        return math.nan
    squares = (s / s[0]) ** 2
    return float(squares.sum() ** 2 / np.sum(squares**2))


def departure_from_orthogonality(s: Vector) -> float:
    """How far W is from keeping every length.

    Formula: |G - I|_F / sqrt(k) = sqrt(mean (s^2 - 1)^2), G the smaller of W^T W and W W^T

    Tells: 0 when W keeps every length, 1 when it is zero; it grows with s^2 where W stretches.

    Misleads: in a gated cell, whose state need not pass through W at all: there it is no
    fault. And a multiple of an orthogonal matrix is not at 0.

    At the start: about 0.75 for a square matrix of torch's draw, 0 for an orthogonal one.

    Source: the soft constraint of Vorontsov et al. 2017, arXiv 1702.00071.
    """
    return float(np.sqrt(np.mean((s**2 - 1) ** 2)))
