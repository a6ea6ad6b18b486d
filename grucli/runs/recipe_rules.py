"""The rules by which ``grucli init`` writes a recipe: one row for each key, in their order.

docs/init.md is this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grucli.cells import GRU
from grucli.runs import recipe_choices as choices
from grucli.runs.first_look import FirstLook
from grucli.runs.recipe_choices import LONGEST_CONTEXT, LONGEST_HORIZON, MOST_STEPS, Choice


@dataclass(frozen=True)
class Rule:
    """``words`` say the rule; ``choose`` follows it, and gives None where the key is not needed.

    ``kind`` is the task that the rule is for; both where it is empty.
    """

    key: str
    words: str
    choose: Callable[[FirstLook], Choice | None]
    kind: str = ""


def _of_model(key: str) -> Callable[[FirstLook], Choice | None]:
    return lambda seen: choices.model_of(seen).get(key)


def _constant(value: Any, why: str = "") -> Callable[[FirstLook], Choice]:
    return lambda seen: Choice(value, why)


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
    Rule(
        "data.regularise",
        "true where times of one series are not evenly spaced.",
        choices.regularise,
    ),
    Rule(
        "data.target",
        "A column of numbers called y, target, value, sales and the like, else the first that "
        "changes, is measured in half of the rows and does not count them.",
        lambda seen: Choice(seen.target),
        FORECAST,
    ),
    Rule(
        "data.past",
        "All other such columns of numbers, and columns of at most 100 texts, each in ten rows in "
        "the mean. What is known in advance belongs in data.future, which only you know.",
        choices.past,
    ),
    Rule(
        "data.static",
        "Columns of numbers or texts that are the same in all rows of a series, and not in all "
        "series.",
        lambda seen: choices.listed(seen.static),
        FORECAST,
    ),
    Rule(
        "data.calendar",
        "What the training span has shown twice: hour of rows within a day, weekday of rows up to "
        "a day apart, year_day of rows up to a week apart.",
        choices.calendar,
        FORECAST,
    ),
    Rule(
        "data.missing",
        "error where nothing is missing; linear up to 5 % of all values, mask above.",
        choices.missing,
    ),
    Rule(
        "data.scale_by",
        "series where the target of some series varies more than three times as much as that of "
        "others (90th against 10th percentile), else table.",
        choices.scale_by,
        FORECAST,
    ),
    Rule(
        "data.split",
        "A tenth for validation, a fifth for the test; one horizon each where a tenth of a series "
        "is shorter. A short series is one that four of five are at least as long as.",
        choices.split,
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
        choices.context,
        FORECAST,
    ),
    Rule(
        "task.horizon",
        "That of the M4 competition: 18 months, 8 quarters, 6 years, 13 weeks, 14 days, 48 hours; "
        f"1 day of minutes, 2 weeks of business days; one season of up to {LONGEST_HORIZON} whole "
        "numbers, else 12; at "
        "most an eighth of a short series.",
        choices.horizon,
        FORECAST,
    ),
    Rule(
        "task.normalise",
        "last_scaled for many series; last where the means of eighths of the only one vary by "
        "more than a tenth of its variance; else mean_std.",
        choices.normalise,
        FORECAST,
    ),
    Rule(
        "task.class_weights",
        "balanced where one class has half again as many series as another.",
        choices.class_weights,
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
        choices.batch_size,
    ),
    Rule(
        "train.epochs",
        "20, 60 where an epoch has fewer than 100 steps or for classes, fewer where these would "
        f"be more than {MOST_STEPS:,} steps in all.",
        choices.epochs,
    ),
    Rule("train.patience", "null.", _constant(None, "all epochs: the rate falls to zero")),
)
