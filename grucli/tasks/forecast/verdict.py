"""Whether a model is better than a baseline, or whether the windows cannot tell.

The test of Diebold & Mariano 1995 (Journal of Business & Economic Statistics 13(3)) on the squared
errors of both, window by window. Windows overlap, and what is added up in one is in the next again,
so that the variance of the mean difference is the long-run variance: taken from the lowest
frequencies as the mean of its first cosine transforms (EWC: Lazarus, Lewis, Stock & Watson 2018,
Journal of Business & Economic Statistics 36(4)), as many as their rule says and no more than there
are horizons in the span, with Student's t of so many degrees of freedom. docs/judging.md has the
size of this test, and of that with the truncated kernel and the correction of Harvey, Leybourne &
Newbold 1997, on overlapping windows.

The interval of the ratio of both errors is that of Fieller 1954 (Journal of the Royal Statistical
Society B 16(2)): all ratios that the same test does not reject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from grucli.results import Comparison, Verdict
from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.samples import Windows
from grucli.tasks.forecast.students_t import share_within, two_sided_quantile
from grucli.tensors import torch

LEVEL = 0.95
NEGLIGIBLE = 0.01
"""A mean squared error that is nearer than this share to the other is no different."""
LEAST_DEGREES = 2
LEAST_SERIES = 10
"""So many series are enough to see how far the errors of one differ from those of another."""


@dataclass(frozen=True)
class Origins:
    """Which windows were forecast at the same time, and which belong to one series.

    ``time_of`` [N] numbers the moments at which windows begin, in their order; ``series_of`` [N]
    the series; ``overlap`` counts the moments within one horizon.
    """

    time_of: NDArray[np.int64]
    series_of: NDArray[np.int64]
    overlap: int

    @classmethod
    def of(cls, windows: Windows) -> "Origins":
        """Those of all windows, in their order."""
        index = torch.arange(len(windows))
        series = windows.samples.series_of(index).numpy()
        rows = windows.samples.starts(index).numpy() + windows.context_steps
        panel = windows.data.panel
        if panel.series > 1:
            rows = np.searchsorted(np.unique(panel.timestamps), panel.timestamps[rows])
        moments, time_of = np.unique(rows, return_inverse=True)
        span = int(moments[-1] - moments[0]) + 1
        overlap = -(-windows.horizon_steps * len(moments) // span)
        return cls(np.asarray(time_of), np.asarray(series), overlap)


def compare_all(losses: Mapping[str, Array], origins: Origins) -> dict[str, Comparison]:
    """The model beside every baseline; ``losses`` [N] are the squared errors of each by window.

    Sums over the steps and columns that were measured, in scaled units, under ``model`` and the
    names of the baselines.
    """
    return {
        name: compare(losses["model"], baseline, origins)
        for name, baseline in losses.items()
        if name != "model"
    }


def compare(model: Array, baseline: Array, origins: Origins) -> Comparison:
    """Hold the squared errors of two forecasters by window, [N] each, against each other."""
    own, other = float(model.sum()), float(baseline.sum())
    if other == 0:
        verdict: Verdict = "worse" if own > 0 else "no difference"
        return Comparison(None, None, None, None, verdict)
    both = np.stack([model, baseline])
    spreads = [*_over_time(both, origins), *_over_series(both, origins)]
    skill = 1 - own / other
    if not spreads:
        return Comparison(skill, None, None, None, "no difference")
    spread = max(spreads, key=lambda one: one.error(1.0) * one.limit)
    low, high = spread.ratios(own, other)
    error = spread.error(1.0)
    chance = 1 - share_within(abs(own - other) / error, spread.degrees) if error > 0 else 0.0
    if abs(skill) < NEGLIGIBLE or chance >= 1 - LEVEL:
        verdict = "no difference"
    else:
        verdict = "better" if skill > 0 else "worse"
    bounds = [None if ratio is None else 1 - max(ratio, 0.0) for ratio in (high, low)]
    return Comparison(skill, bounds[0], bounds[1], chance, verdict)


@dataclass(frozen=True)
class Spread:
    """The covariance [2, 2] of two sums of errors, known with so many degrees of freedom."""

    covariance: Array
    degrees: int

    @property
    def limit(self) -> float:
        """How many of its errors a number may be off."""
        return two_sided_quantile(LEVEL, self.degrees)

    def error(self, ratio: float) -> float:
        """The standard error of the first sum less ``ratio`` times the second."""
        weights = np.array([1.0, -ratio])
        return sqrt(max(float(weights @ self.covariance @ weights), 0.0))

    def ratios(self, own: float, other: float) -> tuple[float | None, float | None]:
        """The least and greatest ratio of two sums that is not rejected; None without a bound."""
        (own_own, own_other), (_, other_other) = (self.limit**2 * self.covariance).tolist()
        a, b, c = other**2 - other_other, own * other - own_other, own**2 - own_own
        if a <= 0:
            return None, None
        root = sqrt(max(b * b - a * c, 0.0))
        return (b - root) / a, (b + root) / a


def _over_time(both: Array, origins: Origins) -> list[Spread]:
    """From how the errors of all series together change in time; [] where too short to tell."""
    sums = np.stack([np.bincount(origins.time_of, weights=row) for row in both])
    count = sums.shape[1]
    degrees = min(round(0.4 * count ** (2 / 3)), count // origins.overlap)
    if degrees < LEAST_DEGREES:
        return []
    cosines = _cosines(sums - sums.mean(axis=1, keepdims=True), degrees)
    return [Spread(count * cosines @ cosines.T / degrees, degrees)]


def _cosines(series: Array, count: int) -> Array:
    """The first transforms sqrt(2 / N) sum x_t cos(pi j (t - 1/2) / N) of rows [R, N]."""
    length = series.shape[1]
    mirrored = np.concatenate([series, series[:, ::-1]], axis=1)
    j = np.arange(1, count + 1)
    shifted = np.fft.rfft(mirrored, axis=1)[:, 1 : count + 1] * np.exp(-0.5j * np.pi * j / length)
    return np.asarray(np.sqrt(2 / length) * shifted.real / 2)


def _over_series(both: Array, origins: Origins) -> list[Spread]:
    """From how the errors of one series differ from those of others; [] for few series."""
    sums = np.stack([np.bincount(origins.series_of, weights=row) for row in both])
    sums = sums[:, np.bincount(origins.series_of) > 0]
    count = sums.shape[1]
    return [Spread(count * np.cov(sums), count - 1)] if count >= LEAST_SERIES else []
