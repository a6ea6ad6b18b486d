"""What the single entries of a matrix or vector say, whatever their places."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR_ZERO = 1e-3
HISTOGRAM_BINS = 16


def finite_entries(values: NDArray[Any]) -> NDArray[np.float64]:
    """All finite entries in a row, as float64; the statistics of entries are taken over these."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    return flat[np.isfinite(flat)]


def norm(entries: NDArray[np.float64]) -> float:
    """Frobenius norm, sqrt(sum w^2): the length of the matrix taken as one vector.

    Tells how far weights have grown; of no meaning below a layer normalisation, which undoes any
    common factor. Scaled by the largest entry, so that no square overflows.
    """
    largest = float(np.max(np.abs(entries), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(entries / largest))


def root_mean_square(entries: NDArray[np.float64]) -> float:
    """sqrt(mean w^2), the norm for a single entry: comparable between matrices of all sizes."""
    return norm(entries) / math.sqrt(max(entries.size, 1))


def near_zero_share(entries: NDArray[np.float64]) -> float:
    """Share of entries of at most a thousandth of the root mean square.

    About 0.0006 for uniform and 0.0008 for normal weights: more says that something prunes.
    """
    if entries.size == 0:
        return 0.0
    return float(np.mean(np.abs(entries) <= NEAR_ZERO * root_mean_square(entries)))


def histogram(entries: NDArray[np.float64]) -> tuple[int, ...]:
    """Counts in 16 equal bins from the smallest to the largest entry.

    Entries that are all equal stand in one bin in the middle.
    """
    counts = np.zeros(HISTOGRAM_BINS, dtype=np.int64)
    if entries.size:
        low, spread = entries.min(), np.ptp(entries)
        if spread > 0 and np.isfinite(spread):
            places = ((entries - low) / spread * HISTOGRAM_BINS).astype(np.int64)
            counts += np.bincount(np.minimum(places, HISTOGRAM_BINS - 1), minlength=HISTOGRAM_BINS)
        else:
            counts[HISTOGRAM_BINS // 2] = entries.size
    return tuple(counts.tolist())
