"""What ``grucli init`` chooses for the keys of a recipe, from a first look at a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from grucli.cells import GRU
from grucli.data.frequency import MICROSECONDS
from grucli.runs.first_look import LONGEST_SEASON, FirstLook
from grucli.text import plural, some

FEW_MISSING = 0.05
LONGEST_CONTEXT = 2 * LONGEST_SEASON
LONGEST_HORIZON = 24
MOST_STEPS = 10_000
TWO_YEARS = 731


@dataclass(frozen=True)
class Choice:
    """A value of a key, and in few words why it is this one."""

    value: Any
    why: str = ""


def series(seen: FirstLook) -> Choice | None:
    """The columns that name series, and how many these are."""
    names, lengths = seen.look.series, seen.lengths
    if not names:
        return None
    words = f"{seen.panel.series} series of {lengths.min()} to {lengths.max()} rows"
    return Choice(list(names) if len(names) > 1 else names[0], words)


def missing(seen: FirstLook) -> Choice | None:
    """How gaps are filled, or that the model is told of them."""
    share = seen.missing_share
    if share == 0:
        return None
    words = f"{100 * share:.2g} % of all values are missing"
    if share <= FEW_MISSING:
        return Choice("linear", words + ": a line across each gap")
    return Choice("mask", words + ": the model is told which")


def regularise(seen: FirstLook) -> Choice | None:
    """Whether times are moved onto an even grid."""
    if not seen.is_uneven:
        return None
    return Choice(True, "times are not evenly spaced")


def scale_by(seen: FirstLook) -> Choice | None:
    """Whether each series has a scale of its own."""
    if seen.panel.series == 1 or not seen.scales_differ:
        return None
    return Choice("series", "some series vary several times as much as others")


def split(seen: FirstLook) -> Choice:
    """Which rows validate and test."""
    horizon = horizon_of(seen)
    if seen.rows // 10 >= horizon:
        return Choice({"valid": 0.1, "test": 0.2}, "the newest rows judge")
    return Choice({"valid": horizon, "test": horizon}, "one horizon each: the table is short")


def _per_day(seen: FirstLook) -> int:
    return MICROSECONDS["day"] // seen.panel.frequency.n


def usual_horizon(seen: FirstLook) -> tuple[int, str]:
    """How far people look ahead in rows of a frequency, as in the M4 competition."""
    frequency = seen.panel.frequency
    if frequency.unit == "months":
        years = {1: (18, "18 months"), 3: (8, "2 years"), 12: (6, "6 years")}
        return years.get(frequency.n, (6, "6 steps"))
    if frequency.unit == "business_days":
        return 10, "2 weeks"
    if frequency.unit == "steps":
        is_short = seen.season is not None and seen.season <= LONGEST_HORIZON
        return (seen.season or 0, "one season") if is_short else (12, "12 steps")
    if frequency.n >= 7 * MICROSECONDS["day"]:
        return 13, "13 steps, a quarter of a year of weeks"
    if frequency.n >= MICROSECONDS["day"]:
        return 14, "14 steps, two weeks of days"
    if frequency.n >= MICROSECONDS["hour"]:
        return 2 * _per_day(seen), "2 days"
    if frequency.n * 200 >= MICROSECONDS["day"]:
        return _per_day(seen), "1 day"
    return 60, "60 steps"


def horizon_of(seen: FirstLook) -> int:
    """The usual one, and at most an eighth of a series."""
    return max(min(usual_horizon(seen)[0], seen.rows // 8), 1)


def horizon(seen: FirstLook) -> Choice:
    """The horizon, and what it is."""
    usual, words = usual_horizon(seen)
    horizon = horizon_of(seen)
    return Choice(horizon, words if horizon == usual else "an eighth of a short series")


def _training_rows(seen: FirstLook) -> int:
    """Of a short series."""
    horizon = horizon_of(seen)
    return seen.rows - (
        seen.rows // 10 + seen.rows // 5 if seen.rows // 10 >= horizon else 2 * horizon
    )


def context_of(seen: FirstLook) -> int:
    """Two seasons or two horizons, as far as a third of a short series' training rows."""
    horizon = horizon_of(seen)
    wished = max(2 * seen.season, 2 * horizon) if seen.season else 4 * horizon
    room = _training_rows(seen)
    most = max(min(LONGEST_CONTEXT, room // 3), min(horizon, room - horizon), 1)
    return min(wished, most)


def context(seen: FirstLook) -> Choice:
    """The context, and what it is."""
    context, season = context_of(seen), seen.season
    if season and context == 2 * season:
        return Choice(context, f"two seasons of {season} steps")
    if context == 2 * horizon_of(seen):
        return Choice(context, "two horizons")
    if context == 4 * horizon_of(seen):
        return Choice(context, "four horizons, as no season was found")
    return Choice(context, "as long as the table allows")


def normalise(seen: FirstLook) -> Choice:
    """What a window is counted from."""
    if seen.panel.series > 1:
        return Choice("last_scaled", "each series in steps of its own size from its newest value")
    if seen.moves:
        return Choice("last", "the level moves: count from the newest value")
    return Choice("mean_std", "each window in units of its own mean and standard deviation")


def calendar(seen: FirstLook) -> Choice | None:
    """The parts of the calendar that the training span has shown twice."""
    frequency = seen.panel.frequency
    if frequency.unit != "microseconds":
        return None
    days = _training_rows(seen) * frequency.n / MICROSECONDS["day"]
    shown = {
        "hour": frequency.n < MICROSECONDS["day"] and days >= 2,
        "weekday": frequency.n <= MICROSECONDS["day"] and days >= 14,
        "year_day": frequency.n <= 7 * MICROSECONDS["day"] and days >= TWO_YEARS,
    }
    return listed([name for name, is_shown in shown.items() if is_shown])


def windows_of(seen: FirstLook) -> int:
    """About how many windows there are to learn from."""
    context, horizon = context_of(seen), horizon_of(seen)
    rows = seen.lengths * 0.7 if seen.rows // 10 >= horizon else seen.lengths - 2 * horizon
    return int(np.maximum(rows - context - horizon + 1, 0).sum())


def batch_of(samples: int) -> int:
    """The power of two from 16 to 512 with which an epoch has at most 400 steps."""
    return next((size for size in (16, 32, 64, 128, 256) if samples <= 400 * size), 512)


def batch_size(seen: FirstLook) -> Choice:
    """The size with which an epoch has at most 400 steps, and of how many samples."""
    samples = windows_of(seen)
    size = max(batch_of(samples), 16)
    return Choice(size, f"about {plural(samples, 'window')} to learn from")


def epochs(seen: FirstLook) -> Choice:
    """More of them where one has few steps."""
    steps = max(windows_of(seen) // batch_of(windows_of(seen)), 1)
    wished = 20 if steps >= 100 else 60
    epochs = max(min(wished, MOST_STEPS // steps), 2)
    return Choice(epochs)


def model_of(seen: FirstLook) -> dict[str, Choice]:
    """What is learned with: the one place where the defaults of ``init`` for a model are chosen."""
    small = seen.panel.bounds[-1] < 1000
    chosen = {
        "cell": Choice(GRU.name),
        "hidden": Choice(32 if small else 64, "fewer than 1000 rows" if small else ""),
    }
    segment = segment_of(context_of(seen), horizon_of(seen))
    if segment > 1:
        chosen["decoder"] = Choice("segment", "so many steps at a time, beside a linear map")
        chosen["segment"] = Choice(segment)
        chosen["skip"] = Choice("linear")
    return chosen


def segment_of(context: int, horizon: int) -> int:
    """The divisor of the horizon nearest to a quarter of the context, and no longer than it."""
    divisors = [n for n in range(1, horizon + 1) if horizon % n == 0 and n <= context]
    return min(divisors, key=lambda n: abs(n - context / 4))


def past(seen: FirstLook) -> Choice | None:
    """The columns, and which of them are texts."""
    if not seen.past:
        return None
    texts = [name for name in seen.past if name in seen.texts]
    kind = "a category" if len(texts) == 1 else "categories"
    known = "; move to future what is known in advance" if seen.kind == "forecast" else ""
    return Choice(seen.past, f"{some(texts, 3)}: {kind}{known}" if texts else "")


def listed(names: list[str]) -> Choice | None:
    """Names as a list; None without any."""
    return Choice(names) if names else None
