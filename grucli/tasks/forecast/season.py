"""The season of a series: the number of steps after which it repeats itself, where it does.

A season has to be earned on the training span. With D(l) the mean of |y_t - y_(t-l)|, its own mean
taken off first so that a straight trend does not count, the season s

- is a dip: D(s) is below the median of D at the lags around it, s / 2 to 3 s / 2;
- beats the naive forecast over one season: D(s) is below the mean of D at the lags 1 to s;
- is no neighbour of a better one: no lag around it has a D that is lower by more than ``TIE``.

The first two by a margin (``_margin``) that random walks, whose D grows like the root of the lag,
reach less than once in a thousand.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from grucli.text import percent

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

STRONG = 0.3
"""Autocorrelation from which a peak of it is held for a season that might be."""
TIE = 0.02
PLAIN = 0.05
"""A longer season has to be nearer than a shorter one by this share."""
CYCLES = 3
"""A series holds at least so many seasons; one that is found without a calendar, twice as many."""
SHORTEST = 8
"""Rows of a series that can tell a season."""
SHARE = 0.25
"""So many of several series have to have a season for it to count."""
SPACED_LAGS = 24
"""Of many lags so many are looked at."""
NEWEST = 1 << 17
"""Of a long series so many rows are looked at."""


@dataclass(frozen=True)
class Season:
    """``steps`` None is none; ``reason`` is a sentence on where the number is from."""

    steps: int | None
    reason: str


@dataclass(frozen=True)
class Candidate:
    """A season that was tried: the differences at it beside those at the lags around and below.

    ``around`` and ``below`` are ratios of D, under 1 where the season is nearer.
    """

    steps: int
    error: float
    around: float
    below: float
    is_lowest: bool
    margin: float

    @property
    def is_earned(self) -> bool:
        """Whether it is a season."""
        return self.is_lowest and max(self.around, self.below) <= 1 - self.margin


def find_season(
    series: Iterable[Array], calendar: Mapping[int, str], *, context_steps: int
) -> Season:
    """The season of several series, each [N]; at least ``SHARE`` of those that can tell have it.

    ``calendar`` has the seasons that the frequency suggests, in steps, with their names. Each
    series takes the one that repeats best of those that fit into a context; others only where none
    does.
    """
    own = [_season_of(values, calendar, context_steps) for values in series if _can_tell(values)]
    counts = Counter(candidate.steps for candidate in own if candidate is not None)
    steps = max(counts, key=lambda steps: (counts[steps], -steps), default=None)
    if steps is None or counts[steps] < SHARE * len(own):
        return Season(None, _why_not(calendar, len(own)))
    having = [candidate for candidate in own if candidate is not None and candidate.steps == steps]
    reason = _why(sorted(having, key=lambda found: found.around)[len(having) // 2], calendar)
    whose = f"; so in {len(having)} of {len(own)} series" if len(own) > 1 else ""
    return Season(steps, reason + whose)


def _can_tell(values: Array) -> bool:
    """Whether a series [N] is long enough, and moves at all."""
    return len(values) >= SHORTEST and bool(values.min() < values.max())


def _season_of(values: Array, calendar: Iterable[int], context_steps: int) -> Candidate | None:
    """The season of one series."""
    recent = values[-NEWEST:]
    tried = [steps for steps in calendar if len(recent) >= CYCLES * steps]
    earned = [found for found in (weigh(recent, steps) for steps in tried) if found.is_earned]
    peak = None if earned else _highest_peak(recent)
    if peak is not None and (inferred := weigh(recent, peak)).is_earned:
        earned = [inferred]
    fitting = [found for found in earned if found.steps <= context_steps] or earned
    least = min((found.error for found in fitting), default=0.0)
    nearest = (found for found in fitting if found.error <= (1 + PLAIN) * least)
    return min(nearest, key=lambda found: found.steps, default=None)


def weigh(values: Array, steps: int) -> Candidate:
    """Hold a season of 2 steps or more against the lags around it; values [N], N > 3 / 2 steps."""
    first, last = max(1, steps - steps // 2), min(steps + steps // 2, len(values) - 2)
    around = {*_spaced(first, last), steps - 1, steps + 1} - {steps}
    below = _spaced(1, steps)
    distance = {lag: _distance(values, lag) for lag in {*around, *below, steps}}
    error = distance[steps]
    apart = [distance[lag] for lag in around if abs(lag - steps) > steps // 8]
    return Candidate(
        steps,
        error,
        around=_ratio(error, float(np.median(apart))),
        below=_ratio(error, float(np.mean([distance[lag] for lag in below]))),
        is_lowest=error <= (1 + TIE) * min(distance[lag] for lag in around),
        margin=_margin(len(values), steps),
    )


def _margin(rows: int, steps: int) -> float:
    """What a season has to be nearer by, as a share: more where the rows hold few seasons."""
    return max(0.1, 2 * steps / rows, 3 / sqrt(rows))


def _distance(values: Array, lag: int) -> float:
    change = values[lag:] - values[:-lag]
    return float(np.abs(change - change.mean()).mean())


def _ratio(error: float, other: float) -> float:
    return error / other if other > 0 else np.inf


def _spaced(first: int, last: int) -> list[int]:
    """Whole numbers from one to another, not more than ``SPACED_LAGS`` of them."""
    if last - first < SPACED_LAGS:
        return list(range(first, last + 1))
    return [round(lag) for lag in np.linspace(first, last, SPACED_LAGS)]


def _highest_peak(values: Array) -> int | None:
    """The lag of the highest strong peak of the autocorrelation that the rows hold often enough."""
    acf = autocorrelation(values)[: len(values) // (2 * CYCLES) + 2]
    inner = acf[1:-1]
    peaks = np.flatnonzero((inner > acf[:-2]) & (inner >= acf[2:]) & (inner >= STRONG)) + 1
    peaks = peaks[peaks > 1]
    return int(peaks[np.argmax(acf[peaks])]) if len(peaks) else None


def autocorrelation(values: Array) -> Array:
    """Autocorrelation at lags 0 .. N // 3 of one series [N] after its straight trend is removed."""
    steps = np.arange(len(values), dtype=float)
    residual = values - np.polyval(np.polyfit(steps, values, 1), steps)
    size = 1 << (2 * len(values) - 1).bit_length()
    power = np.abs(np.fft.rfft(residual, size)) ** 2
    raw = np.fft.irfft(power, size)[: len(values) // 3 + 1]
    return np.asarray(raw / raw[0]) if raw[0] > 0 else np.zeros_like(raw)


def _why(best: Candidate, calendar: Mapping[int, str]) -> str:
    """What earned a season, in one sentence."""
    steps, half = best.steps, best.steps // 2
    name = calendar.get(steps, "the highest peak of the autocorrelation")
    return (
        f"{name}: values {steps} steps apart differ {percent(1 - best.around)} less than those "
        f"{max(1, steps - half)} to {steps + half} apart, {percent(1 - best.below)} less than "
        f"those 1 to {steps} apart"
    )


def _why_not(calendar: Mapping[int, str], told: int) -> str:
    """Why there is none, in one sentence."""
    if told == 0:
        return "the training span is too short to tell one"
    names = [f"{name} ({steps} steps)" for steps, name in calendar.items()]
    tried = ", ".join([*names, "the highest peak of the autocorrelation"])
    return f"values so far apart are not nearer than values of other distances (tried: {tried})"
