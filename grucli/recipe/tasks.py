"""What can be learned: a section of the recipe for each kind of task, told apart by ``kind``."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from grucli.calendars import WAVES
from grucli.recipe.kinds import Output, Text
from grucli.recipe.task_section import TaskSection, Unused

SPREADING = ("last_scaled", "mean_std", "mean")
"""The ways to normalise a window that divide by its spread."""


_TARGET = {"data.target": "a text or a list of texts"}
_CUT_ONE_WAY = Unused("data.split.by", "series", "only labels of rows can be cut either way")


class ForecastRecipe(TaskSection):
    """The steps that follow a context."""

    needs = _TARGET
    unused = (
        _CUT_ONE_WAY,
        Unused("model.pooling", ("last",), "nothing is said of a series as a whole"),
    )
    deals = "time"

    kind: Literal["forecast"] = Field(default="forecast", description="What to do with the series.")
    context: int = Field(
        ge=1, le=10_000_000, description="Steps of history the model sees before it forecasts."
    )
    horizon: int = Field(ge=1, le=1_000_000, description="Steps to forecast.")
    normalise: Literal["none", "last", "last_scaled", "mean_std", "mean"] = Field(
        default="none",
        description="Per window, undone on the output: subtract the last value (last), and divide "
        "by the mean absolute difference of neighbouring steps (last_scaled), or subtract the mean "
        "and divide by the standard deviation of the context (mean_std), or only divide by one "
        "more than the mean of its sizes (mean).",
    )
    output: Output = Field(
        default="point",
        description="What is said of each value: one number (point), quantiles of these levels, "
        "such as {quantiles: [0.1, 0.5, 0.9]}, or a distribution: gaussian, student_t, or for "
        "counts negative_binomial. The forecast is the median.",
    )
    numbers: Literal["real", "nonnegative", "whole", "counts"] = Field(
        default="real",
        description="What a target can be: any number (real), none below zero (nonnegative), a "
        "whole number (whole), or a whole number from zero (counts). Forecasts and the ends of "
        "their intervals are the nearest such number, also where they are scored; learning goes "
        "by what the model says.",
    )
    stride: int = Field(
        default=1, ge=1, le=10_000_000, description="Distance between window starts, in steps."
    )
    season: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Steps in a season, for the seasonal naive baseline and mase; null infers it.",
    )

    @property
    def output_kind(self) -> str:
        """The name of the output."""
        return str(kind_of_output(self.output))

    def loss_name(self, loss: str) -> str:
        """What is made smaller where train.loss is ``loss``."""
        return LOSSES_OF_OUTPUTS.get(self.output_kind, loss)

    @property
    def levels(self) -> tuple[float, ...]:
        """Those of its quantiles."""
        return self.output["quantiles"] if isinstance(self.output, dict) else ()


_LIKELIHOOD = "negative log-likelihood"
LOSSES_OF_OUTPUTS = {
    "quantiles": "pinball loss",
    "gaussian": _LIKELIHOOD,
    "student_t": _LIKELIHOOD,
    "negative_binomial": _LIKELIHOOD,
}
"""What is learned to be made smaller where train.loss has no say."""


def kind_of_output(output: Any) -> Any:
    """The name of an output, as written or built."""
    return next(iter(output), None) if isinstance(output, Mapping) else output


Noise = Annotated[
    float,
    Field(ge=0, description="Standard deviation of the noise that training adds to scaled inputs."),
]
Smoothing = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        description="Share of the truth that is spread evenly over all classes in the loss.",
    ),
]


_STEPS_AHEAD = "it is about steps ahead"
_INPUTS = {"data.past": "a list of the columns that the model reads"}
_NAMED_INPUTS = _INPUTS | {"data.series": "the column of names that tells the series apart"}
_OF_FORECASTS = (
    Unused("data.target", (), "the truth is task.label, and data.past what is read"),
    Unused("data.scale_by", "table", "each series would be scaled by what it is told apart by"),
    Unused("data.future", (), "nothing is ahead of the rows that are read"),
    Unused("model.decoder", "direct", _STEPS_AHEAD),
    Unused("model.skip", "none", _STEPS_AHEAD),
    *(Unused(f"model.harmonics.{part}", 0, _STEPS_AHEAD) for part in WAVES),
    Unused("model.harmonics.alone", False, _STEPS_AHEAD),
    Unused("model.channels", "joint", "there is one answer for all columns"),
    Unused("train.loss_units", "scaled", "its windows are not normalised"),
)
_OF_PARTS = (
    _CUT_ONE_WAY,
    Unused("train.tbptt_steps", None, "the whole series is read for the gradient"),
)


class ClassifyRecipe(TaskSection):
    """The class of each series: the model reads data.past, the label is what it learns to say."""

    needs = _NAMED_INPUTS
    unused = (
        *_OF_FORECASTS,
        *_OF_PARTS,
        Unused("data.transform", "none", "there is no target to turn"),
        Unused("train.loss", "mse", "its loss is the cross-entropy"),
    )
    deals = "series"

    kind: Literal["classify"] = Field(description="What to do with the series.")
    label: Text = Field(description="Column of texts with the class of each series.")
    class_weights: Literal["none", "balanced"] = Field(
        default="none",
        description="Every series counts alike, or every class: balanced weighs a series by the "
        "inverse of how many of its class there are.",
    )
    label_smoothing: Smoothing = 0.0
    noise: Noise = 0.0


class RegressRecipe(TaskSection):
    """One number for each series: the model reads data.past, the label is what it learns to say."""

    needs = _NAMED_INPUTS
    unused = (*_OF_FORECASTS, *_OF_PARTS)
    deals = "series"

    kind: Literal["regress"] = Field(description="What to do with the series.")
    label: Text = Field(
        description="Column of numbers, constant within each series. data.transform and data.scale "
        "are of it too, and undone on the output."
    )
    noise: Noise = 0.0


class LabelRecipe(TaskSection):
    """A label for each row: the model reads data.past, the label is what it learns to say."""

    needs = _INPUTS
    unused = (
        *_OF_FORECASTS,
        Unused("model.pooling", ("last",), "nothing is said of a series as a whole"),
    )
    deals = "series unless by time"

    kind: Literal["label"] = Field(description="What to do with the series.")
    label: Text = Field(
        description="Column with the class, or the number, of each row; rows where it is empty are "
        "read and not judged."
    )
    answer: Literal["class", "number"] = Field(
        default="class",
        description="What stands in the label: one of some texts, or a number, of which "
        "data.transform and data.scale are too.",
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Rows that are labelled at a time: longer series are cut into pieces of so "
        "many; null takes each as a whole.",
    )
    overlap: int = Field(
        default=0,
        ge=0,
        le=10_000_000,
        description="Rows before each piece, and behind it where the model is bidirectional, that "
        "are read with it and labelled by its neighbours.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none",
        description="Every row counts alike, or every class: balanced weighs a row by the inverse "
        "of how many of its class there are.",
    )
    label_smoothing: Smoothing = 0.0
    noise: Noise = 0.0


KINDS: dict[str, type[TaskSection]] = {
    "forecast": ForecastRecipe,
    "classify": ClassifyRecipe,
    "regress": RegressRecipe,
    "label": LabelRecipe,
}
"""Kind -> section."""
DEFAULT_KIND = "forecast"
DEALT = tuple(kind for kind, section in KINDS.items() if section.deals == "series")
"""The kinds whose samples are whole series."""


def deals_series(kind: str, series: Sequence[str], by: str) -> bool:
    """Whether whole series are dealt out to train, valid and test, and not spans of time."""
    if KINDS[kind].deals == "series unless by time":
        return bool(series) and by == "series"
    return kind in DEALT


def kind_of(task: Any) -> Any:
    """The kind that a section asks for, as written or built; whatever stands there."""
    if isinstance(task, Mapping):
        return task.get("kind", DEFAULT_KIND)
    return getattr(task, "kind", DEFAULT_KIND)


TaskRecipe = Annotated[
    Annotated[ForecastRecipe, Tag("forecast")]
    | Annotated[ClassifyRecipe, Tag("classify")]
    | Annotated[RegressRecipe, Tag("regress")]
    | Annotated[LabelRecipe, Tag("label")],
    Discriminator(kind_of),
]
