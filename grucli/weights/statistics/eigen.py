"""What the eigenvalues of a square matrix say about applying it again and again.

lambda are the eigenvalues, largest magnitude first.
"""

import math

import numpy as np
from numpy.typing import NDArray

from grucli.weights.statistics.arrays import Matrix

ROUNDING = 1e-10


def eigenvalues(matrix: Matrix) -> NDArray[np.complex128]:
    """The eigenvalues of a square matrix, largest magnitude first."""
    values: NDArray[np.complex128] = np.linalg.eigvals(matrix).astype(np.complex128)
    return values[np.argsort(-np.abs(values))]


def spectral_radius(eigenvalues: NDArray[np.complex128]) -> float:
    """Growth per step if the matrix alone were applied again and again.

    Formula: rho = max |lambda|

    Tells: of a plain recurrent network, whether small states fade (below 1) or grow (above 1).

    Misleads: a gate's matrix feeds a sigmoid, or a candidate that gates scale: its radius says
    nothing about growth, for the Jacobian of a step also has the gates and the slopes in it, and
    rho < 1 is neither needed nor enough for stability. The largest Lyapunov exponent of a trace
    is the test. Below a layer normalisation see the effective radius.

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


def departure_from_normality(matrix: Matrix, eigenvalues: NDArray[np.complex128]) -> float:
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
