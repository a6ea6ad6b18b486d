"""What the single entries of a matrix or vector say, whatever their places."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR_ZERO = 1e-3
HISTOGRAM_BINS = 16


def finite_entries(values: NDArray[Any]) -> NDArray[np.float64]:
    """All finite entries in a row, as float64; the statistics of entries are taken over these."""
    with np.errstate(invalid="ignore"):  # a signalling NaN in the file
        flat = np.asarray(values, dtype=np.float64).ravel()
    return flat[np.isfinite(flat)]


def spread(entries: NDArray[np.float64]) -> dict[str, float]:
    """Mean, standard deviation, smallest and largest of the entries, by their names.

    Formula: mean = sum w / N, standard_deviation = sqrt(sum (w - mean)^2 / N)

    Tells: whether a bias has moved to one side, and whether a few entries stand far out.

    Misleads: of a matrix they do not see how entries stand together: a matrix with one strong
    direction and one without may have the same four numbers.

    At the start: mean 0, standard deviation 1 / sqrt(3 H), ends -1 / sqrt(H) and 1 / sqrt(H) for
    torch's uniform draw; sqrt(2 / (rows + columns)) is the standard deviation of Glorot's.

    Source: the usual definitions, with N, not N - 1.

    NaN where there are no entries.
    """
    if entries.size == 0:
        return dict.fromkeys(("mean", "standard_deviation", "minimum", "maximum"), math.nan)
    return {
        "mean": float(entries.mean()),
        "standard_deviation": float(entries.std()),
        "minimum": float(entries.min()),
        "maximum": float(entries.max()),
    }


def not_finite(values: NDArray[Any]) -> int:
    """How many entries are NaN or infinite.

    Formula: count of w that are no finite number

    Tells: that training diverged. One such entry is enough for a model to give no numbers.

    Misleads: never; but the other statistics of entries are over the finite ones alone.

    At the start: 0.

    Source: ours.
    """
    return int(np.asarray(values).size - finite_entries(values).size)


def norm(entries: NDArray[np.float64]) -> float:
    """Frobenius norm: the length of the matrix taken as one vector.

    Formula: |W|_F = sqrt(sum w^2) = sqrt(sum s^2)

    Tells: how far weights have grown from where they began.

    Misleads: below a layer normalisation, which undoes any common factor: there the norm says only
    how far the next step can still turn the matrix. Between matrices of other sizes: compare rms.

    At the start: sqrt(rows * columns) times the standard deviation of the draw, so sqrt(H / 3) for
    a hidden-to-hidden matrix of torch's draw; sqrt(H) for an orthogonal one.

    Source: the usual definition; scale invariance, Ba et al. 2016, section 5.

    Scaled by the largest entry, so that no square overflows.
    """
    largest = float(np.max(np.abs(entries), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(entries / largest))


def root_mean_square(entries: NDArray[np.float64]) -> float:
    """Root mean square of the entries: the norm for a single entry.

    Formula: rms = sqrt(sum w^2 / N)

    Tells: the size of the weights, comparable between matrices of all sizes; of a gain, how much
    of a normalised projection is let through.

    Misleads: below a layer normalisation, as the norm does (of gains it does not).

    At the start: the standard deviation of the draw; gains 1 (model.init.gain); biases beside a
    layer normalisation 0, except 1 for the update gate of sum_joint.

    Source: the usual definition.
    """
    return norm(entries) / math.sqrt(max(entries.size, 1))


def near_zero_share(entries: NDArray[np.float64]) -> float:
    """Share of entries that are as good as zero.

    Formula: share of |w| <= rms / 1000

    Tells: that something prunes, such as weight decay with nothing to learn, or a file that was
    made sparse.

    Misleads: it follows the matrix's own size, so a matrix that is small as a whole shows nothing
    here; look at the norm.

    At the start: 0.0006 of uniform, 0.0008 of normal entries.

    Source: ours.
    """
    if entries.size == 0:
        return 0.0
    return float(np.mean(np.abs(entries) <= NEAR_ZERO * root_mean_square(entries)))


def histogram(entries: NDArray[np.float64]) -> tuple[int, ...]:
    """Counts of the entries in equal bins from the smallest to the largest.

    Formula: 16 bins of width (maximum - minimum) / 16

    Tells: the shape: flat as drawn, heaped as learned, two heaps where units part into kinds.

    Misleads: a single far entry squeezes all others into one bar; minimum and maximum say so.

    At the start: flat for uniform draws, a bell for orthogonal matrices.

    Source: the usual definition.

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
