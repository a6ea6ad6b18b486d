"""The heavy tail of a spectrum, where there are enough eigenvalues to speak of one."""

from typing import NamedTuple

import numpy as np

from grucli.weights.statistics.arrays import Vector

FEWEST_EIGENVALUES = 50
FEWEST_IN_TAIL = 10


class PowerLaw(NamedTuple):
    """An exponent, the largest distance between fit and data, and the start of the tail."""

    exponent: float
    distance: float
    start: float


def fit_power_law(s: Vector) -> PowerLaw | None:
    """Exponent of the tail of the spectrum, and how well a power law fits it.

    Formula: p(x) ~ x^-alpha for x = s^2 >= x_0, alpha = 1 + N / sum ln(x / x_0) over the N values
    of the tail; x_0 is the one that makes the distance D = max |fitted - counted share| smallest,
    with N of at least 10

    Tells: WeightWatcher reads alpha < 2 as over-trained, 2 to 6 as well trained, above as
    under-trained. D below 0.1 is a fit.

    Misleads: below 50 eigenvalues a tail fits anything, so none is given and a note says so. The
    reading was found on large dense layers, not on recurrent ones, and D comes first.

    At the start: no power law; what is fitted to the edge of a random spectrum is chance.

    Source: Clauset, Shalizi & Newman 2009, SIAM Review 51(4); Martin & Mahoney 2021, JMLR 22.
    """
    x = np.sort(s[s > 0] ** 2)
    if x.size < FEWEST_EIGENVALUES:
        return None
    logs = np.log(x)
    best: PowerLaw | None = None
    for first in range(x.size - FEWEST_IN_TAIL + 1):
        tail = logs[first:] - logs[first]
        total = float(tail.sum())
        if total <= 0:
            continue
        exponent = 1 + tail.size / total
        fitted = 1 - np.exp(-(exponent - 1) * tail)
        ranks = np.arange(tail.size)
        above = np.max((ranks + 1) / tail.size - fitted)
        below = np.max(fitted - ranks / tail.size)
        distance = float(max(above, below))
        if best is None or distance < best.distance:
            best = PowerLaw(exponent, distance, float(x[first]))
    return best
