"""What the singular values and eigenvalues of a matrix say about what it does to a state.

s are the singular values, largest first; lambda the eigenvalues (square matrices alone); m x n the
shape and k = min(m, n). All functions are exact up to rounding in float64; ``estimates`` has the
fast ones for large matrices.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-10
DEAD_ROW = 1e-3

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def singular_values(matrix: Matrix) -> Vector:
    """Largest and smallest singular value: how far W stretches its first and its last main axis.

    Formula: W = U diag(s) V^T, s_1 = max |W v| / |v|, s_min = s_k

    Tells: s_1 (the spectral norm) bounds what W can do to any vector in one step; s_min is what is
    left of the most neglected direction.

    Misleads: s_1 below a layer normalisation, as the norm does; see the acting norm. And s_1 > 1
    alone does not make a gated cell unstable: gates below 1 stand beside it.

    At the start: s_1 is sigma (sqrt rows + sqrt columns) less a little, so for a hidden-to-hidden
    matrix of torch's draw 1.11 at 64 units and 1.15 in the limit of many; the median of its s_min
    is 0.545 sigma / sqrt(H). Both are 1 for an orthogonal matrix.

    Source: Marchenko & Pastur 1967; Johnstone 2001 (s_1); Edelman 1988 (s_min).

    Returns all k, largest first.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    return np.asarray(values, dtype=np.float64)


def condition(s: Vector) -> float:
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


def orthogonality_defect(s: Vector) -> float:
    """How far W is from keeping every length.

    Formula: |G - I|_F / sqrt(k) = sqrt(mean (s^2 - 1)^2), G the smaller of W^T W and W W^T

    Tells: 0 when W keeps every length, 1 when it is zero; it grows with s^2 where W stretches.

    Misleads: in a gated cell, whose state need not pass through W at all: there a defect is no
    fault. And a multiple of an orthogonal matrix has one.

    At the start: about 0.75 for a square matrix of torch's draw, 0 for an orthogonal one.

    Source: the soft constraint of Vorontsov et al. 2017, arXiv 1702.00071.
    """
    return float(np.sqrt(np.mean((s**2 - 1) ** 2)))


def eigenvalues(matrix: Matrix) -> NDArray[np.complex128]:
    """The eigenvalues of a square matrix, largest magnitude first."""
    values: NDArray[np.complex128] = np.linalg.eigvals(matrix).astype(np.complex128)
    return values[np.argsort(-np.abs(values))]


def spectral_radius(eigenvalues: NDArray[np.complex128]) -> float:
    """Growth per step if the matrix alone were applied again and again.

    Formula: rho = max |lambda|

    Tells: below 1 such a state would be forgotten, above 1 amplified.

    Misleads: in a gated cell it is no more than a sign: the Jacobian of a step also has the gates
    and the slope of tanh in it, and rho < 1 is neither needed nor enough for stability. The
    largest Lyapunov exponent of a trace is the test. Below a layer normalisation look at the
    acting radius instead.

    At the start: sigma sqrt(H) and a little more, so 0.61 for torch's draw at 64 units and 0.577 in
    the limit of many; 1 for an orthogonal matrix.

    Source: Jaeger 2001 (echo states); Yildiz, Jaeger & Kiebel 2012 for its limits; circular law,
    Girko 1984.
    """
    return float(np.abs(eigenvalues[0]))


def leading_period(eigenvalues: NDArray[np.complex128]) -> float | None:
    """Period in steps of the leading mode.

    Formula: 2 pi / |arg lambda_1|; none where lambda_1 is positive

    Tells: a rhythm that the matrix alone would have; 2 is a state that changes its sign each step.

    Misleads: a rhythm of the data need not be in here: gates, and units together, make others.
    Of a random matrix it is chance.

    At the start: none or anything from 2 on.

    Source: linear algebra.
    """
    angle = abs(float(np.angle(eigenvalues[0])))
    return 2 * math.pi / angle if angle > 1e-9 else None


def non_normality(matrix: Matrix, eigenvalues: NDArray[np.complex128]) -> float:
    """How far W is from having its eigenvectors at right angles.

    Formula: sqrt(|W|_F^2 - sum |lambda|^2) / |W|_F, between 0 and 1

    Tells: 0 for normal matrices (symmetric, orthogonal), 1 for nilpotent ones. What is not normal
    can amplify a state for some steps although every eigenvalue is below 1.

    Misleads: random matrices are far from normal; compare with the value at the start.

    At the start: sqrt(1/2) = 0.71 for torch's draw, 0 for an orthogonal matrix.

    Source: Henrici 1962, Bounds for iterates, inverses, spectral variation; normalised.
    """
    total = float(np.sum(matrix**2))
    if total == 0.0:
        return math.nan
    share = 1 - float(np.sum(np.abs(eigenvalues) ** 2)) / total
    return math.sqrt(share) if share > ROUNDING else 0.0


def column_norms(matrix: NDArray[Any]) -> Vector:
    """How strongly each input is listened to.

    Formula: |W[:, j]| = sqrt(sum over i of w_ij^2)

    Tells: which input columns matter to a gate, and which units of the state are heard by the
    others; an input far below the others in every gate is unread.

    Misleads: inputs of unequal scales have weights of unequal sizes (a recipe scales them all), and
    inputs that say the same share the weight among them.

    At the start: sqrt(rows) times the deviation of the draw, for every column.

    Source: the usual definition.
    """
    return np.asarray(np.linalg.norm(matrix, axis=0), dtype=np.float64)


def row_norms(matrix: NDArray[Any]) -> Vector:
    """How much each unit of the gate listens at all.

    Formula: |W[i, :]| = sqrt(sum over j of w_ij^2)

    Tells: which units a gate is steered for, and which it leaves to their bias: those far below the
    median are dead or dying.

    Misleads: of a single input column it is one weight, which says nothing about the unit beside
    its row of the hidden-to-hidden matrix. Below a layer normalisation only rows of one matrix can
    be compared, and by their gain too.

    At the start: sqrt(columns) times the deviation of the draw, for every row.

    Source: the usual definition.
    """
    return np.asarray(np.linalg.norm(matrix, axis=1), dtype=np.float64)


def dead_rows(matrix: NDArray[Any]) -> int:
    """How many units listen to nothing through this matrix.

    Formula: count of |W[i, :]| <= median |W[i, :]| / 1000

    Tells: units that pruning or weight decay has switched off.

    Misleads: a unit that is dead in one gate may live by the others and by its bias; and with one
    input column a row is a single weight, which may be near zero by chance.

    At the start: 0, except by that chance.

    Source: ours.
    """
    rows = row_norms(matrix)
    return int(np.count_nonzero(rows <= DEAD_ROW * np.median(rows)))
