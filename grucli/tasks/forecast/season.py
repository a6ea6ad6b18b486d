"""The season of a series: the number of steps after which it repeats itself."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

STRONG = 0.3
"""Autocorrelation from which a repetition counts as a season."""


def autocorrelation(values: Array) -> Array:
    """Autocorrelation at lags 0 .. N // 3 of one series [N] after its straight trend is removed."""
    steps = np.arange(len(values), dtype=float)
    residual = values - np.polyval(np.polyfit(steps, values, 1), steps)
    size = 1 << (2 * len(values) - 1).bit_length()
    power = np.abs(np.fft.rfft(residual, size)) ** 2
    raw = np.fft.irfft(power, size)[: len(values) // 3 + 1]
    return np.asarray(raw / raw[0]) if raw[0] > 0 else np.zeros_like(raw)


def common_season(series: Iterable[Array], calendar_steps: int | None) -> int | None:
    """The season in steps that most series have, of those that repeat themselves; None without."""
    seasons = [infer_season(values, calendar_steps) for values in series]
    counts = Counter(season for season in seasons if season is not None)
    return max(counts, key=lambda season: (counts[season], -season), default=None)


def infer_season(values: Array, calendar_steps: int | None) -> int | None:
    """Season of one series [N] in steps, or None when it does not repeat itself.

    The calendar's own season (24 for hours, 52 for weeks ...) is taken where the autocorrelation
    at it is at least ``STRONG``; otherwise the first strong peak of the autocorrelation.
    """
    if len(values) < 8:
        return None
    acf = autocorrelation(values)
    if calendar_steps is not None and calendar_steps < len(acf) and acf[calendar_steps] >= STRONG:
        return calendar_steps
    inner = acf[1:-1]
    peaks = np.flatnonzero((inner > acf[:-2]) & (inner >= acf[2:]) & (inner >= STRONG)) + 1
    peaks = peaks[peaks > 1]
    return int(peaks[np.argmax(acf[peaks])]) if len(peaks) else None
