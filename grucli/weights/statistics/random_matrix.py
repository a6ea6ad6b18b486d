"""Spectra that chance alone gives: the yardstick for what was learned.

W is m x n with independent entries of mean 0 and standard deviation sigma; k = min(m, n). The
formulas are those of large matrices and hold within a few per cent from 16 units on.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from grucli.weights.statistics import singular
from grucli.weights.statistics.arrays import Vector

TRACY_WIDOM_MEDIAN = -1.2686
TRACY_WIDOM_99 = 2.0234
"""Median and 99 per cent point of the Tracy-Widom law of order 1."""

FEW = 16
DRAWS = 64

_HARD_EDGE_MEDIAN = math.sqrt(1 + 2 * math.log(2)) - 1
_UNIFORM_KURTOSIS = 9 / 5
_UNIFORM_EDGE = 3.6
"""What uniform entries, with fewer far ones than normal entries, take off the largest s^2."""


def _upper_edge(rows: int, columns: int) -> tuple[float, float]:
    """Centre and scale of the largest s^2 / sigma^2. Source: Johnstone 2001; sizes by Ma 2012."""
    a, b = math.sqrt(rows - 0.5), math.sqrt(columns - 0.5)
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
    """How many singular values are larger than those of a random matrix.

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
    """Norm and spectrum before learning: of uniform entries of standard deviation ``sigma``.

    Medians: for a smaller side of up to 16 over 64 draws, else by the laws of large matrices. There
    s_1 and s_min are the edges of the Marchenko-Pastur law with the median of their fluctuation
    (Johnstone 2001 with the sizes of Ma 2012; Edelman 1988 where a square matrix has the edge at
    0); the spectral radius is the circular law's sigma sqrt n with what finite matrices exceed it
    by, non-normality sqrt(1/2); the effective rank is an integral over the Marchenko-Pastur law;
    participation ratio and orthogonality defect follow from the fourth moments. ``row_norms`` and
    ``column_norms`` are root mean squares.
    """
    small, large = sorted((rows, columns))
    spectrum_of = _drawn if small <= FEW else _limits
    expected = {
        "frobenius_norm": sigma * math.sqrt(rows * columns),
        "rms": sigma,
        "row_norms": sigma * math.sqrt(columns),
        "column_norms": sigma * math.sqrt(rows),
    } | spectrum_of(large, small, sigma)
    if rows == columns:
        expected |= {
            "spectral_radius": sigma * _radius(rows),
            "departure_from_normality": math.sqrt(0.5),
        }
    return expected


def _limits(large: int, small: int, sigma: float) -> dict[str, float]:
    """What singular values say of a large matrix, by its laws."""
    centre, scale = _upper_edge(large, small)
    first = math.sqrt(centre + TRACY_WIDOM_MEDIAN * scale - _UNIFORM_EDGE)
    last = max(_lower_edge(large, small), _HARD_EDGE_MEDIAN / math.sqrt(small))
    second = large * small * sigma**2
    fourth = large * small * sigma**4 * (large + small - 2 + _UNIFORM_KURTOSIS)
    return {
        "spectral_norm": sigma * first,
        "smallest_singular_value": sigma * last,
        "condition_number": first / last,
        "stable_rank": large * small / first**2,
        "effective_rank": _effective_rank(small, large),
        "participation_ratio": second**2 / fourth,
        "departure_from_orthogonality": math.sqrt(max((fourth - 2 * second) / small + 1, 0.0)),
    }


def _drawn(large: int, small: int, sigma: float) -> dict[str, float]:
    """The same of a small one, as medians over draws."""
    spectra = sigma * _drawn_spectra(large, small)
    return {
        "spectral_norm": float(np.median(spectra[:, 0])),
        "smallest_singular_value": float(np.median(spectra[:, -1])),
    } | {
        statistic.__name__: float(np.median([statistic(s) for s in spectra]))
        for statistic in (
            singular.condition_number,
            singular.stable_rank,
            singular.effective_rank,
            singular.participation_ratio,
            singular.departure_from_orthogonality,
        )
    }


def _lower_edge(large: int, small: int) -> float:
    """Median of s_min where the shape keeps it from 0: the mirror of the upper edge."""
    a, b = math.sqrt(large - 0.5), math.sqrt(small - 0.5)
    scale = (a - b) * (1 / b - 1 / a) ** (1 / 3)
    return math.sqrt((a - b) ** 2 - TRACY_WIDOM_MEDIAN * scale)


@lru_cache
def _radius(size: int) -> float:
    """Largest |eigenvalue| of a square matrix of unit standard deviation: the median."""
    if size > FEW:
        return math.sqrt(size) * (1 + 0.16 / math.pow(size, 0.28))
    values = np.linalg.eigvals(_draws(size, size))
    return float(np.median(np.abs(values).max(axis=1)))


@lru_cache
def _drawn_spectra(large: int, small: int) -> NDArray[np.float64]:
    """Singular values [draws, small] of unit standard deviation."""
    return np.linalg.svd(_draws(large, small), compute_uv=False).astype(np.float64)


def _draws(rows: int, columns: int) -> NDArray[np.float64]:
    """64 matrices of unit standard deviation, the same ones every time."""
    source = np.random.default_rng(0)
    return source.uniform(-math.sqrt(3), math.sqrt(3), (DRAWS, rows, columns))


def expected_orthogonal(rows: int, columns: int) -> dict[str, float]:
    """The same for a matrix whose rows or columns are orthonormal: every singular value is 1."""
    small = float(min(rows, columns))
    expected = {
        "frobenius_norm": math.sqrt(small),
        "row_norms": math.sqrt(small / rows),
        "column_norms": math.sqrt(small / columns),
        "rms": math.sqrt(small / (rows * columns)),
        "spectral_norm": 1.0,
        "smallest_singular_value": 1.0,
        "condition_number": 1.0,
        "stable_rank": small,
        "effective_rank": small,
        "participation_ratio": small,
        "departure_from_orthogonality": 0.0,
    }
    if rows == columns:
        expected |= {"spectral_radius": 1.0, "departure_from_normality": 0.0}
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
