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

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def singular_values(matrix: Matrix) -> Vector:
    """The k singular values, largest first: the factors by which W stretches its k main axes.

    The first, the spectral norm s_1, bounds what W can do to any vector in one step; the last,
    s_min, is what is left of the most neglected direction.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    return np.asarray(values, dtype=np.float64)


def condition(s: Vector) -> float:
    """s_1 / s_min: how unequally directions are treated; infinite for a singular matrix.

    Misleads for square random matrices, where it is large (about 4k) without any learning.
    """
    return float(s[0] / s[-1]) if s[-1] > 0 else math.inf


def stable_rank(s: Vector) -> float:
    """How many directions carry as much as the strongest: sum s^2 / s_1^2, between 1 and k.

    About k / 4 for a square random matrix; near 1 when a single direction has taken over.
    Source: Rudelson & Vershynin 2007 (numerical rank); WeightWatcher (Martin & Mahoney).
    """
    return float(np.sum((s / s[0]) ** 2)) if s[0] > 0 else math.nan


def effective_rank(s: Vector) -> float:
    """exp(-sum p ln p) with p = s / sum s, between 1 and k: the number of directions in use.

    Source: Roy & Vetterli 2007, The effective rank, EUSIPCO.
    """
    total = float(s.sum())
    if total == 0.0:
        return math.nan
    p = s[s > 0] / total
    return float(np.exp(-np.sum(p * np.log(p))))


def participation_ratio(s: Vector) -> float:
    """(sum s^2)^2 / sum s^4, between 1 and k: as the effective rank, but strong ones count more.

    k / 2 for a square random matrix.
    """
    if s[0] == 0:
        return math.nan
    squares = (s / s[0]) ** 2
    return float(squares.sum() ** 2 / np.sum(squares**2))


def orthogonality_defect(s: Vector) -> float:
    """|G - I|_F / sqrt(k), G the smaller of W^T W and W W^T, so sqrt(mean (s^2 - 1)^2).

    0 when the matrix keeps every length (orthogonal), 1 when it is zero, 0.75 for torch's draw.
    Source: the soft constraint of Vorontsov et al. 2017, arXiv 1702.00071.
    """
    return float(np.sqrt(np.mean((s**2 - 1) ** 2)))


def eigenvalues(matrix: Matrix) -> NDArray[np.complex128]:
    """The eigenvalues of a square matrix, largest magnitude first."""
    values: NDArray[np.complex128] = np.linalg.eigvals(matrix).astype(np.complex128)
    return values[np.argsort(-np.abs(values))]


def spectral_radius(eigenvalues: NDArray[np.complex128]) -> float:
    """Growth or decay per step if the matrix alone were applied again and again: max |lambda|.

    Below 1 forgets, above 1 amplifies. In a gated cell it is no more than a sign: the Jacobian of
    a step also has the gates in it, and rho < 1 is neither needed nor enough for stability
    (Yildiz, Jaeger & Kiebel 2012).
    """
    return float(np.abs(eigenvalues[0]))


def leading_period(eigenvalues: NDArray[np.complex128]) -> float | None:
    """2 pi / arg(lambda_1): the period in steps of the leading mode; None where it only decays.

    An alternating mode (a negative leading eigenvalue) has the period 2.
    """
    angle = abs(float(np.angle(eigenvalues[0])))
    return 2 * math.pi / angle if angle > 1e-9 else None


def non_normality(matrix: Matrix, eigenvalues: NDArray[np.complex128]) -> float:
    """sqrt(|W|_F^2 - sum |lambda|^2) / |W|_F, between 0 and 1.

    0 for normal matrices (symmetric, orthogonal), 1 for nilpotent ones, 0.71 at random. What is
    not normal can amplify a state for some steps although every eigenvalue is below 1.
    Source: Henrici 1962, Bounds for iterates, inverses, spectral variation; normalised.
    """
    total = float(np.sum(matrix**2))
    if total == 0.0:
        return math.nan
    share = 1 - float(np.sum(np.abs(eigenvalues) ** 2)) / total
    return math.sqrt(share) if share > ROUNDING else 0.0


def column_norms(matrix: NDArray[Any]) -> Vector:
    """|W[:, j]|: how strongly each input (or each unit of the state before) is listened to."""
    return np.asarray(np.linalg.norm(matrix, axis=0), dtype=np.float64)


def row_norms(matrix: NDArray[Any]) -> Vector:
    """|W[i, :]|: how much each unit of the gate listens at all; near zero is a dead unit."""
    return np.asarray(np.linalg.norm(matrix, axis=1), dtype=np.float64)
