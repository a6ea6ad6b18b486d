"""The rules by which ``grucli init`` writes a recipe: one row for each key, in their order.

docs/init.md is this table.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grucli.cells import GRU
from grucli.data.frequency import MICROSECONDS
from grucli.runs.first_look import LONGEST_SEASON, FirstLook
from grucli.text import plural

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


@dataclass(frozen=True)
class Rule:
    """``words`` say the rule; ``choose`` follows it, and gives None where the key is not needed.

    ``kind`` is the task that the rule is for; both where it is empty.
    """

    key: str
    words: str
    choose: Callable[[FirstLook], Choice | None]
    kind: str = ""


def _missing(seen: FirstLook) -> Choice | None:
    share = seen.missing_share
    if share == 0:
        return None
    words = f"{100 * share:.2g} % of all values are missing"
    if share <= FEW_MISSING:
        return Choice("linear", words + ": a line across each gap")
    return Choice("mask", words + ": the model is told which")


def _regularise(seen: FirstLook) -> Choice | None:
    if seen.look.is_even or seen.look.series:
        return None
    return Choice(True, "times are not evenly spaced")


def _scale_by(seen: FirstLook) -> Choice | None:
    if seen.panel.series == 1 or not seen.scales_differ:
        return None
    return Choice("series", "some series vary several times as much as others")


def _split(seen: FirstLook) -> Choice:
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


def _horizon(seen: FirstLook) -> Choice:
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


def _context(seen: FirstLook) -> Choice:
    context, season = context_of(seen), seen.season
    if season and context == 2 * season:
        return Choice(context, f"two seasons of {season} steps")
    if context == 2 * horizon_of(seen):
        return Choice(context, "two horizons")
    if context == 4 * horizon_of(seen):
        return Choice(context, "four horizons, as no season was found")
    return Choice(context, "as long as the table allows")


def _normalise(seen: FirstLook) -> Choice:
    if seen.panel.series > 1:
        return Choice("last_scaled", "each series in steps of its own size from its newest value")
    if seen.moves:
        return Choice("last", "the level moves: count from the newest value")
    return Choice("mean_std", "each window in units of its own mean and deviation")


def _calendar(seen: FirstLook) -> Choice | None:
    frequency = seen.panel.frequency
    if frequency.unit != "microseconds":
        return None
    days = _training_rows(seen) * frequency.n / MICROSECONDS["day"]
    shown = {
        "hour": frequency.n < MICROSECONDS["day"] and days >= 2,
        "weekday": frequency.n <= MICROSECONDS["day"] and days >= 14,
        "year_day": frequency.n <= 7 * MICROSECONDS["day"] and days >= TWO_YEARS,
    }
    return _listed([name for name, is_shown in shown.items() if is_shown])


def windows_of(seen: FirstLook) -> int:
    """About how many windows there are to learn from."""
    context, horizon = context_of(seen), horizon_of(seen)
    rows = seen.lengths * 0.7 if seen.rows // 10 >= horizon else seen.lengths - 2 * horizon
    return int(np.maximum(rows - context - horizon + 1, 0).sum())


def batch_of(samples: int) -> int:
    """The power of two from 16 to 512 with which an epoch has at most 400 steps."""
    return next((size for size in (16, 32, 64, 128, 256) if samples <= 400 * size), 512)


def _batch(seen: FirstLook) -> Choice:
    if seen.is_classified:
        return Choice(
            16 if seen.panel.series > 100 else 8, plural(seen.panel.series, "series", "series")
        )
    samples = windows_of(seen)
    size = max(batch_of(samples), 16)
    return Choice(size, f"about {plural(samples, 'window')} to learn from")


def _epochs(seen: FirstLook) -> Choice:
    if seen.is_classified:
        return Choice(max(min(60, MOST_STEPS * 16 // max(seen.panel.series, 1)), 2))
    steps = max(windows_of(seen) // batch_of(windows_of(seen)), 1)
    wished = 20 if steps >= 100 else 60
    epochs = max(min(wished, MOST_STEPS // steps), 2)
    return Choice(epochs)


def model_of(seen: FirstLook) -> dict[str, Choice]:
    """What is learned with: the one place where the defaults of ``init`` for a model are chosen."""
    if seen.is_classified:
        return {
            "cell": Choice(GRU.name),
            "layer_norm": Choice("split", "helps in classification"),
            "hidden": Choice(64),
            "bidirectional": Choice(True),
            "dropout": Choice(0.3),
            "pooling": Choice(["mean", "max"]),
        }
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


def _class_weights(seen: FirstLook) -> Choice | None:
    counts = Counter(seen.panel.texts[seen.look.labels[0]])
    if max(counts.values()) <= 1.5 * min(counts.values()):
        return None
    return Choice("balanced", f"{min(counts.values())} to {max(counts.values())} series a class")


def _of_model(key: str) -> Callable[[FirstLook], Choice | None]:
    return lambda seen: model_of(seen).get(key)


def _constant(value: Any, why: str = "") -> Callable[[FirstLook], Choice]:
    return lambda seen: Choice(value, why)


def _listed(names: list[str]) -> Choice | None:
    return Choice(names) if names else None


FORECAST, CLASSIFY = "forecast", "classify"
RULES = (
    Rule(
        "data.read",
        "What separates the cells of most rows into as many as the header has; the decimal point, "
        "separator of thousands and time format that read most cells; UTF-8, else cp1252. Of a "
        "time format that can be read in two ways, the one with the more evenly spaced rows. A "
        "time zone where rows rise, or are evenly spaced, by its clock alone: the first of a list "
        "with such clock changes. Short words among numbers stand for missing values.",
        lambda seen: Choice(seen.read) if seen.read else None,
    ),
    Rule(
        "data.time",
        "Dates beside times of day; dates; columns called year, month and so on; whole numbers, "
        "those called ds, t, time, step or year first. By them the rows of each series must rise.",
        lambda seen: Choice(
            list(seen.look.time) if len(seen.look.time) > 1 else seen.look.time[0],
            seen.panel.frequency.words,
        ),
    ),
    Rule(
        "data.series",
        "The fewest columns, of texts or whole numbers, by which the rows of each series rise.",
        lambda seen: (
            Choice(
                list(seen.look.series) if len(seen.look.series) > 1 else seen.look.series[0],
                f"{seen.panel.series} series of {seen.lengths.min()} to {seen.lengths.max()} rows",
            )
            if seen.look.series
            else None
        ),
    ),
    Rule("data.regularise", "true where times of one series are not evenly spaced.", _regularise),
    Rule(
        "data.target",
        "A column of numbers called y, target, value, sales and the like, else the first that "
        "changes, is measured in half of the rows and does not count them.",
        lambda seen: Choice(seen.target),
        FORECAST,
    ),
    Rule("data.past", "All other such columns of numbers.", lambda seen: _listed(seen.past)),
    Rule(
        "data.calendar",
        "What the training span has shown twice: hour of rows within a day, weekday of rows up to "
        "a day apart, year_day of rows up to a week apart.",
        _calendar,
        FORECAST,
    ),
    Rule(
        "data.missing",
        "error where nothing is missing; linear up to 5 % of all values, mask above.",
        _missing,
    ),
    Rule(
        "data.scale_by",
        "series where the target of some series varies more than three times as much as that of "
        "others (90th against 10th percentile), else table.",
        _scale_by,
        FORECAST,
    ),
    Rule(
        "data.split",
        "A tenth for validation, a fifth for the test; one horizon each where a tenth of a series "
        "is shorter. A short series is one that four of five are at least as long as.",
        _split,
        FORECAST,
    ),
    Rule("data.split", "", _constant({"valid": 0.15, "test": 0.2}), CLASSIFY),
    Rule(
        "task.kind",
        "classify where whole numbers count the steps and a column says one thing of each series, "
        "which at least two share; else forecast.",
        lambda seen: Choice(CLASSIFY if seen.is_classified else FORECAST),
    ),
    Rule(
        "task.label",
        "The first such column.",
        lambda seen: Choice(seen.look.labels[0]),
        CLASSIFY,
    ),
    Rule(
        "task.context",
        "Two seasons or two horizons, whichever is longer; four horizons where the target does "
        f"not repeat itself; at most {LONGEST_CONTEXT} steps and a third of a short series.",
        _context,
        FORECAST,
    ),
    Rule(
        "task.horizon",
        "That of the M4 competition: 18 months, 8 quarters, 6 years, 13 weeks, 14 days, 48 hours; "
        f"1 day of minutes, 2 weeks of business days; one season of up to {LONGEST_HORIZON} whole "
        "numbers, else 12; at "
        "most an eighth of a short series.",
        _horizon,
        FORECAST,
    ),
    Rule(
        "task.normalise",
        "last_scaled for many series; last where the means of eighths of the only one vary by "
        "more than a tenth of its variance; else mean_std.",
        _normalise,
        FORECAST,
    ),
    Rule(
        "task.class_weights",
        "balanced where one class has half again as many series as another.",
        _class_weights,
        CLASSIFY,
    ),
    Rule("task.label_smoothing", "0.1.", _constant(0.1), CLASSIFY),
    Rule("task.noise", "0.2.", _constant(0.2), CLASSIFY),
    Rule("model.cell", f"{GRU.name}.", _of_model("cell")),
    Rule(
        "model.layer_norm",
        "split, which helps in classification.",
        _of_model("layer_norm"),
        CLASSIFY,
    ),
    Rule("model.hidden", "64; 32 for a forecast from fewer than 1000 rows.", _of_model("hidden")),
    Rule(
        "model.decoder",
        "segment, where a segment has more than one step, else direct.",
        _of_model("decoder"),
        FORECAST,
    ),
    Rule(
        "model.segment",
        "The divisor of the horizon nearest to a quarter of the context.",
        _of_model("segment"),
        FORECAST,
    ),
    Rule("model.skip", "linear, with segments.", _of_model("skip"), FORECAST),
    Rule("model.bidirectional", "true.", _of_model("bidirectional"), CLASSIFY),
    Rule("model.dropout", "0.3.", _of_model("dropout"), CLASSIFY),
    Rule("model.pooling", "mean and max.", _of_model("pooling"), CLASSIFY),
    Rule("train.optimizer", "adamw.", _constant("adamw"), CLASSIFY),
    Rule(
        "train.lr", "2e-3; 3e-3 for classes.", lambda s: Choice(0.003 if s.is_classified else 0.002)
    ),
    Rule(
        "train.loss",
        "mae for many series.",
        lambda seen: Choice("mae") if seen.panel.series > 1 else None,
        FORECAST,
    ),
    Rule(
        "train.loss_units",
        "window for many series.",
        lambda seen: (
            Choice("window", "calm and lively series count alike")
            if seen.panel.series > 1
            else None
        ),
        FORECAST,
    ),
    Rule("train.schedule", "cosine.", _constant({"kind": "cosine"})),
    Rule("train.average", "ema.", _constant("ema", "the averaged weights are kept"), FORECAST),
    Rule(
        "train.batch_size",
        "The power of two from 16 to 512 with which an epoch has at most 400 steps; for classes "
        "16, and 8 for up to 100 series.",
        _batch,
    ),
    Rule(
        "train.epochs",
        "20, 60 where an epoch has fewer than 100 steps or for classes, fewer where these would "
        f"be more than {MOST_STEPS:,} steps in all.",
        _epochs,
    ),
    Rule("train.patience", "null.", _constant(None, "all epochs: the rate falls to zero")),
)
