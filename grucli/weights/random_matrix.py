"""Spectra that chance alone gives: the yardstick for what was learned.

W is m x n with independent entries of mean 0 and deviation sigma; k = min(m, n). The formulas are
those of large matrices and hold within a few per cent from 16 units on.
"""

import math
from functools import lru_cache

import numpy as np

from grucli.weights.spectrum import Vector, effective_rank

TRACY_WIDOM_MEAN = -1.2065
TRACY_WIDOM_99 = 2.0234
"""Mean and 99 per cent point of the Tracy-Widom law of order 1."""

FEW = 16
DRAWS = 64

_HARD_EDGE_MEDIAN = math.sqrt(1 + 2 * math.log(2)) - 1
_UNIFORM_KURTOSIS = 9 / 5


def _upper_edge(rows: int, columns: int) -> tuple[float, float]:
    """Centre and scale of the largest s^2 / sigma^2. Source: Johnstone 2001, theorem 1.1."""
    a, b = math.sqrt(rows), math.sqrt(columns)
    return (a + b) ** 2, (a + b) * (1 / a + 1 / b) ** (1 / 3)


def marchenko_pastur_edge(rows: int, columns: int, sigma: float) -> float:
    """Singular value that a random matrix exceeds with a probability of 1 per cent.

    Formula: sigma sqrt((sqrt m + sqrt n)^2 + 2.02 (sqrt m + sqrt n) (1/sqrt m + 1/sqrt n)^(1/3)),
    m rows and n columns

    Tells: how far chance alone goes for a matrix of this size and root mean square sigma.

    Misleads: for draws that are not independent entries; of an orthogonal matrix the edge is far
    above every singular value.

    At the start: 6 per cent above the s_1 to expect at H = 64, 2 per cent at H = 512.

    Source: Marchenko & Pastur 1967; Johnstone 2001; Tracy & Widom 1996.
    """
    centre, scale = _upper_edge(rows, columns)
    return sigma * math.sqrt(centre + TRACY_WIDOM_99 * scale)


def outliers(s: Vector, edge: float) -> int:
    """How many directions chance does not explain.

    Formula: count of s_i > outlier edge

    Tells: how many directions were learned so strongly that they stand out of the draw. Works at
    sizes where a power law cannot be fitted.

    Misleads: sigma is taken from the matrix itself, so strong directions raise the edge and the
    count is a careful one. What was learned weakly stays hidden below the edge.

    At the start: 0, and 1 in one matrix of a hundred.

    Source: the spikes of WeightWatcher (Martin & Mahoney 2021, JMLR 22).
    """
    return int(np.count_nonzero(s > edge))


def expected_spectrum(rows: int, columns: int, sigma: float) -> dict[str, float]:
    """Norm and spectrum of independent uniform entries of deviation ``sigma``, before learning.

    s_1 is the edge with the mean of its fluctuation (Johnstone 2001), s_min of a square matrix the
    median sigma 0.545 / sqrt n (Edelman 1988), else the lower edge; the spectral radius is the
    circular law's sigma sqrt n (8 per cent low at 16 units), non-normality sqrt(1/2); the
    effective rank is an integral over the Marchenko-Pastur law; participation ratio and
    orthogonality defect follow from the fourth moments, exactly. For a smaller side of up to 16,
    where these laws are far off, s_1, s_min and the effective rank are medians over 64 draws.
    """
    small, large = sorted((rows, columns))
    first, last, effective = _drawn(large, small) if small <= FEW else _limits(large, small)
    second = rows * columns * sigma**2
    fourth = rows * columns * sigma**4 * (rows + columns - 2 + _UNIFORM_KURTOSIS)
    expected = {
        "norm": math.sqrt(second),
        "rms": sigma,
        "spectral_norm": sigma * first,
        "smallest_singular_value": sigma * last,
        "condition": first / last,
        "stable_rank": max(rows * columns / first**2, 1.0),
        "effective_rank": effective,
        "participation_ratio": second**2 / fourth,
        "orthogonality_defect": math.sqrt(max((fourth - 2 * second) / small + 1, 0.0)),
    }
    if rows == columns:
        expected |= {"spectral_radius": sigma * math.sqrt(rows), "non_normality": math.sqrt(0.5)}
    return expected


def _limits(large: int, small: int) -> tuple[float, float, float]:
    """s_1 and s_min of a large matrix of unit deviation, and its effective rank."""
    centre, scale = _upper_edge(large, small)
    first = math.sqrt(centre + TRACY_WIDOM_MEAN * scale)
    last = max(math.sqrt(large) - math.sqrt(small), _HARD_EDGE_MEDIAN / math.sqrt(small))
    return first, last, _effective_rank(small, large)


@lru_cache
def _drawn(large: int, small: int) -> tuple[float, float, float]:
    """The same for a small one, as medians over draws."""
    source = np.random.default_rng(0)
    draws = source.uniform(-math.sqrt(3), math.sqrt(3), (DRAWS, large, small))
    s = np.linalg.svd(draws, compute_uv=False)
    rank = np.median([effective_rank(values) for values in s])
    return float(np.median(s[:, 0])), float(np.median(s[:, -1])), float(rank)


def expected_orthogonal(rows: int, columns: int) -> dict[str, float]:
    """The same for a matrix whose rows or columns are orthonormal: every singular value is 1."""
    small = float(min(rows, columns))
    expected = {
        "norm": math.sqrt(small),
        "rms": math.sqrt(small / (rows * columns)),
        "spectral_norm": 1.0,
        "smallest_singular_value": 1.0,
        "condition": 1.0,
        "stable_rank": small,
        "effective_rank": small,
        "participation_ratio": small,
        "orthogonality_defect": 0.0,
    }
    if rows == columns:
        expected |= {"spectral_radius": 1.0, "non_normality": 0.0}
    return expected


def _effective_rank(small: int, large: int) -> float:
    """Exponential of the entropy of s / sum s under the Marchenko-Pastur law (midpoint rule)."""
    low, high = math.sqrt(large) - math.sqrt(small), math.sqrt(large) + math.sqrt(small)
    edges = np.linspace(low, high, 2001)
    s = (edges[1:] + edges[:-1]) / 2
    density = np.sqrt((high**2 - s**2) * (s**2 - low**2)) / s
    density /= density.sum()
    mean = float(density @ s)
    return small * mean * math.exp(-float(density @ (s * np.log(s))) / mean)
