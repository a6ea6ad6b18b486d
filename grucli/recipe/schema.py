"""Every key of a recipe: its name, kind, range, default and help, written here and nowhere else.

The classes are frozen and strict: a number is never a text, true is never 1, an unknown key and a
number that is not finite are errors. What one key demands of another stands in ``conflicts``.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from grucli.columns import Columns
from grucli.dialect import Dialect
from grucli.recipe.conflicts import find_conflicts
from grucli.recipe.kinds import (
    DELIMITER_WORDS,
    THOUSANDS_WORDS,
    Encoding,
    Frequency,
    Share,
    Text,
    TextOrList,
    TextOrTexts,
    Texts,
    TimeFormat,
    TimeZone,
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Initialiser = Literal["uniform", "xavier", "orthogonal"]


class SplitRecipe(_Section):
    """Spans of time, always in the order train, valid, test.

    Each is a fraction of all rows (below 1), a number of steps (a whole number), or a text: the
    first time of that span. A year must be quoted to be a time: "1990".
    """

    train: Share | None = Field(
        default=None,
        description="Training span; null takes all that is left before valid. Given as steps, "
        "train, valid and test follow each other from the first row and later rows are unused.",
    )
    valid: Share = Field(
        default=0.1, description="Validation span: early stopping and the best weights go by it."
    )
    test: Share = Field(
        default=0.2, description="Test span: looked at once, when training is over."
    )


class ReadRecipe(_Section):
    """How the table is written, where it is not as a program would write it."""

    delimiter: Literal[",", ";", "\t", "|", ":", " "] | None = Field(
        default=None,
        description="What separates cells; null is a tab in a .tsv file and a comma elsewhere.",
        json_schema_extra={"errorMessage": DELIMITER_WORDS},
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="What stands in front of the digits below one."
    )
    thousands: Literal[",", ".", " ", "'", "_"] | None = Field(
        default=None,
        description="What separates thousands; null allows nothing within a number.",
        json_schema_extra={"errorMessage": THOUSANDS_WORDS},
    )
    encoding: Encoding = Field(
        default="utf-8", description="Encoding of the text, such as cp1252, latin-1 or utf-16."
    )
    time_format: TimeFormat | None = Field(
        default=None,
        description="How times are written, such as %d.%m.%Y %H:%M; null reads ISO 8601 and whole "
        "numbers.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Time zone of the clock that times were read from, such as Europe/Berlin: rows "
        "less than a day apart are put in UTC; null leaves all as they are.",
    )
    missing_values: Texts = Field(
        default=(),
        description="What stands for a missing value, beside nothing, NA, N/A, NaN, nan and null; "
        "a number in quotes stands for every cell of its value.",
    )


class DataRecipe(_Section):
    """The table and what its columns are."""

    path: TextOrList = Field(
        description="CSV file, relative to the recipe, also as .gz, .bz2, .xz or .zst; a pattern "
        "such as *.csv or a list for several files of one table; - is stdin."
    )
    read: ReadRecipe = Field(
        default=ReadRecipe(), description="How the table is written, where it is not plain."
    )
    time: TextOrList = Field(
        description="Name of the time column, or a list of those that a time is built from: year, "
        "month, day, hour, minute and second, or date and time of day."
    )
    frequency: Frequency | None = Field(
        default=None,
        description="Distance between rows, such as 15min, 1h, 1D, 1W, 1M, business_day; null "
        "infers it.",
    )
    regularise: bool = Field(
        default=False,
        description="Move rows to the nearest of evenly spaced times, the mean where several meet; "
        "times without a row are missing values.",
    )
    target: TextOrTexts = Field(description="Column to forecast, or a list of columns.")
    past: Texts = Field(
        default=(), description="More input columns, known only up to the newest row."
    )
    missing: Literal["error", "forward", "linear", "mask"] = Field(
        default="error",
        description="Empty cells: stop, carry the last value forward, draw a line between "
        "neighbours, or carry forward and give the model a column that says so.",
    )
    scale: Literal["standard", "minmax", "robust", "none"] = Field(
        default="standard",
        description="Scaling of every column, fitted on the training span only.",
    )
    split: SplitRecipe = Field(
        default=SplitRecipe(), description="Where training ends, validation and test begin."
    )

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that hold the time."""
        return (self.time,) if isinstance(self.time, str) else self.time

    @property
    def dialect(self) -> Dialect:
        """How the table is written."""
        return Dialect(**self.read.model_dump())

    @property
    def columns(self) -> Columns:
        """What a model reads of a row."""
        return Columns(self.target, self.past, flags=self.missing == "mask")


class TaskRecipe(_Section):
    """What is to be learned."""

    kind: Literal["forecast"] = Field(default="forecast", description="What to do with the series.")
    context: int = Field(
        ge=1, le=10_000_000, description="Steps of history the model sees before it forecasts."
    )
    horizon: int = Field(ge=1, le=1_000_000, description="Steps to forecast.")
    normalise: Literal["none", "last", "mean_std"] = Field(
        default="none",
        description="Per window, undone on the output: subtract the last value, or subtract the "
        "mean and divide by the standard deviation of the context.",
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


class InitRecipe(_Section):
    """The weights before the first step."""

    input_hidden: Initialiser = Field(
        default="uniform", description="Input-to-hidden matrices, gate by gate."
    )
    hidden_hidden: Initialiser = Field(
        default="uniform", description="Hidden-to-hidden matrices, gate by gate."
    )
    chrono_steps: int | None = Field(
        default=None,
        ge=2,
        le=1_000_000_000,
        description="Chrono initialisation: update-gate (lstm: forget-gate) biases for memories of "
        "1 to this many steps; null is off.",
    )
    gain: float = Field(default=1.0, gt=0, description="First value of the layer-norm gains.")
    checkpoint: Text | None = Field(
        default=None,
        description="Trained checkpoint to start from, relative to the recipe; null starts fresh.",
    )
    matrices: Texts = Field(
        default=(),
        description="Names of the matrices to take from the checkpoint, such as W_hz or "
        "0.update.hh; empty takes all.",
    )


class ModelRecipe(_Section):
    """The recurrent stack and its decoder."""

    cell: Literal["gru", "rnn", "lstm"] = Field(default="gru", description="Recurrent cell.")
    layer_norm: Literal["none", "split", "ba2016", "sum", "sum_joint"] = Field(
        default="none",
        description="Layer normalisation: of the input and hidden projections apart (split), as "
        "in Ba et al. 2016 (ba2016), of each gate sum (sum), or of all sums jointly (sum_joint).",
    )
    hidden: int = Field(default=64, ge=1, le=65_536, description="Units in each layer.")
    layers: int = Field(default=1, ge=1, le=64, description="Stacked recurrent layers.")
    bidirectional: bool = Field(default=False, description="Read each context in both directions.")
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of values dropped in training, between layers and before the decoder.",
    )
    decoder: Literal["direct", "recursive"] = Field(
        default="direct",
        description="All horizon steps at once from the last hidden state, or one step at a time "
        "with the forecast fed back.",
    )
    channels: Literal["joint", "independent"] = Field(
        default="joint",
        description="All target columns in one input, or each on its own with shared weights.",
    )
    init: InitRecipe = Field(default=InitRecipe(), description="The weights before the first step.")


class ScheduleRecipe(_Section):
    """How the learning rate moves."""

    kind: Literal["constant", "cosine", "step", "plateau"] = Field(
        default="constant",
        description="Constant, cosine to zero, a factor every few epochs, or a factor when the "
        "validation loss stops falling.",
    )
    warmup_steps: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="Optimiser steps over which the rate rises from zero.",
    )
    every_epochs: int = Field(
        default=10, ge=1, le=1_000_000, description="step: epochs between two cuts."
    )
    factor: float = Field(
        default=0.5, gt=0, lt=1, description="step and plateau: the rate is multiplied by this."
    )
    patience_epochs: int = Field(
        default=2, ge=1, le=1_000_000, description="plateau: epochs without a gain before a cut."
    )


class TrainRecipe(_Section):
    """How the weights are learned."""

    kernel: Literal["auto", "native", "torch"] = Field(
        default="auto",
        description="What gru and rnn layers are computed with on a CPU: the compiled kernel where "
        "it is installed, or torch. The variable GRUCLI_KERNEL has the last word.",
    )
    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse", description="Loss, on scaled values."
    )
    optimizer: Literal["sgd", "adam", "adamw", "rmsprop"] = Field(
        default="adam", description="Rule that turns gradients into updates of the weights."
    )
    lr: float = Field(default=1e-3, gt=0, description="Learning rate.")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Momentum of sgd or rmsprop.")
    nesterov: bool = Field(default=False, description="Nesterov's momentum, with sgd.")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay.")
    batch_size: int = Field(default=32, ge=1, le=10_000_000, description="Windows in a step.")
    epochs: int = Field(
        default=20, ge=1, le=10_000_000, description="Most passes over the training windows."
    )
    patience: int | None = Field(
        default=5,
        ge=1,
        le=10_000_000,
        description="Epochs without a better validation loss before stopping; null never stops.",
    )
    clip: float | None = Field(
        default=1.0, gt=0, description="Longest gradient (norm over all weights); null is off."
    )
    seed: int = Field(
        default=0, ge=0, le=4_294_967_295, description="Seed of weights, order and dropout."
    )
    schedule: ScheduleRecipe = Field(
        default=ScheduleRecipe(), description="How the learning rate moves."
    )
    tbptt_steps: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Truncated backpropagation through time: the gradient reaches this many steps "
        "back, earlier context only hands on its state; null reaches the whole context.",
    )
    recompute_steps: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Long contexts in little memory: keep the state of every so many steps and run "
        "the steps between again for the gradient. With the compiled kernel a step then adds about "
        "4 * batch_size * layers * hidden * (8 * recompute_steps + context / recompute_steps) "
        "bytes; null keeps every step, 16 to 32 bytes for each of them and each unit.",
    )
    teacher_forcing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Recursive decoder: chance of feeding the truth back instead of the forecast.",
    )
    scheduled_sampling: bool = Field(
        default=False, description="Let teacher_forcing fall linearly to 0 over the epochs."
    )


class Recipe(_Section):
    """Everything that was asked for: data, task, model and training."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        max_length=100,
        description="Name of the run and of its folder.",
        json_schema_extra={
            "errorMessage": "a name of letters, digits, _, - and . that begins with a "
            "letter, digit or _"
        },
    )
    data: DataRecipe = Field(description="The table and what its columns are.")
    task: TaskRecipe = Field(description="What is to be learned.")
    model: ModelRecipe = Field(
        default=ModelRecipe(), description="The recurrent stack and its decoder."
    )
    train: TrainRecipe = Field(default=TrainRecipe(), description="How the weights are learned.")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Keep a Recipe with conflicting keys from existing, however it is built."""
        conflicts = list(find_conflicts(self.model_dump()))
        if conflicts:
            lines = "; ".join(f"{'.'.join(c.paths[0])}: {c.message}" for c in conflicts)
            raise PydanticCustomError("conflict", "{lines}", {"lines": lines})
        return self
