"""The rules by which ``grucli init`` writes a recipe: one row for each key, in their order.

docs/init.md is this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grucli.cells import GRU
from grucli.runs import recipe_choices as choices
from grucli.runs import sequence_choices as of_series
from grucli.runs.aim import LABEL_NAMES
from grucli.runs.first_look import FirstLook
from grucli.runs.recipe_choices import LONGEST_CONTEXT, LONGEST_HORIZON, MOST_STEPS, Choice


@dataclass(frozen=True)
class Rule:
    """``words`` say the rule; ``choose`` follows it, and gives None where the key is not needed.

    ``kinds`` are the tasks that the rule is for; all where it is empty.
    """

    key: str
    words: str
    choose: "Choose"
    kinds: tuple[str, ...] = ()


Choose = Callable[[FirstLook], Choice | None]


def _of_model(key: str) -> Choose:
    return lambda seen: (
        choices.model_of(seen) if seen.kind in FORECAST else of_series.model_of(seen)
    ).get(key)


def _by_task(forecast: Choose, others: Choose) -> Choose:
    return lambda seen: forecast(seen) if seen.kind in FORECAST else others(seen)


def _constant(value: Any, why: str = "") -> Choose:
    return lambda seen: Choice(value, why)


def _by_number(*, one: Choice | None = None, many: Choice | None = None) -> Choose:
    """For one series, and for many."""
    return lambda seen: many if seen.panel.series > 1 else one


FORECAST, CLASSIFY, LABEL = ("forecast",), ("classify",), ("label",)
OF_SERIES = ("classify", "regress")
OTHERS = (*OF_SERIES, *LABEL)
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
        choices.series,
    ),
    Rule(
        "data.regularise",
        "true where times of the longest series are not evenly spaced, unless rows are labelled.",
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
        (*FORECAST, *LABEL),
    ),
    Rule(
        "data.calendar",
        "What the training span has shown twice: hour of rows within a day, weekday of rows up to "
        "a day apart, year_day of rows up to a week apart.",
        choices.calendar,
        (*FORECAST, *LABEL),
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
        "is shorter. A short series is one that four of five are at least as long as. Where "
        "nothing is forecast .15 and .2 of the series, or of the rows of fewer than "
        f"{of_series.FEW_SERIES} series that are labelled.",
        _by_task(choices.split, of_series.split),
    ),
    Rule(
        "task.kind",
        "What `--task` says. Else by the column of `--target`: where it is the same in all rows of "
        "a series, regress of numbers and classify of names, or of whole numbers that series "
        "share; where it is not, forecast of numbers and label of names. Else, where whole numbers "
        "count the steps: classify where a column says one thing of each series, which at least "
        "two share; regress where one of a target's name does; label where texts are called "
        f"{', '.join(LABEL_NAMES)}; else forecast.",
        lambda seen: Choice(seen.kind),
    ),
    Rule(
        "task.label",
        "The column of `--target`, or the first that the task can be about.",
        lambda seen: Choice(seen.aim.label),
        OTHERS,
    ),
    Rule(
        "task.answer",
        "number where the label is no text, and not of few whole numbers.",
        lambda seen: Choice("number") if seen.aim.answer == "number" else None,
        LABEL,
    ),
    Rule(
        "task.steps",
        f"{of_series.LONGEST_PIECE} where a series is twice as long or longer.",
        of_series.steps,
        LABEL,
    ),
    Rule("task.overlap", f"{of_series.OVERLAP}, with pieces.", of_series.overlap, LABEL),
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
        "balanced where one class has half again as many series, or rows, as another.",
        of_series.class_weights,
        (*CLASSIFY, *LABEL),
    ),
    Rule("task.label_smoothing", "0.1.", _constant(0.1), CLASSIFY),
    Rule("task.noise", "0.2.", _constant(0.2), CLASSIFY),
    Rule("model.cell", f"{GRU.name}.", _of_model("cell")),
    Rule(
        "model.layer_norm",
        "split, which helps in classification.",
        _of_model("layer_norm"),
        OTHERS,
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
    Rule("model.bidirectional", "true.", _of_model("bidirectional"), OTHERS),
    Rule("model.dropout", "0.3.", _of_model("dropout"), CLASSIFY),
    Rule("model.pooling", "mean and max.", _of_model("pooling"), OF_SERIES),
    Rule("train.optimizer", "adamw.", _constant("adamw"), OTHERS),
    Rule(
        "train.lr",
        "2e-3; 3e-3 where nothing is forecast.",
        _by_task(_constant(0.002), _constant(0.003)),
    ),
    Rule("train.loss", "mae for many series.", _by_number(many=Choice("mae")), FORECAST),
    Rule(
        "train.loss_units",
        "window for many series.",
        _by_number(many=Choice("window", "calm and lively series count alike")),
        FORECAST,
    ),
    Rule("train.schedule", "cosine.", _constant({"kind": "cosine"})),
    Rule("train.average", "ema.", _constant("ema", "the averaged weights are kept"), FORECAST),
    Rule(
        "train.batch_size",
        "The power of two from 16 to 512 with which an epoch has at most 400 steps; where nothing "
        "is forecast 16, and 8 for up to 100 series or pieces.",
        _by_task(choices.batch_size, of_series.batch_size),
    ),
    Rule(
        "train.epochs",
        "20, 60 where an epoch has fewer than 100 steps or nothing is forecast, fewer where these "
        f"would be more than {MOST_STEPS:,} steps in all.",
        _by_task(choices.epochs, of_series.epochs),
    ),
    Rule(
        "train.seeds",
        "3 for one series.",
        _by_number(one=Choice(3, "the mean of three models errs less, in three times the time")),
        FORECAST,
    ),
    Rule("train.patience", "null.", _constant(None, "all epochs: the rate falls to zero")),
)
