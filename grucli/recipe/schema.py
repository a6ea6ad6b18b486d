"""Every key of a recipe: name, kind, range, default, help.

The table stands in ``data``, what can be learned in ``tasks``, training in ``train``; what one key
demands of another in ``conflicts``.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from grucli.cells import ACTIVATION_NAMES, CELLS, GRU, NORM_NAMES
from grucli.cells.activations import TANH
from grucli.recipe.conflicts import find_conflicts
from grucli.recipe.data import DataRecipe
from grucli.recipe.harmonics import HarmonicsRecipe
from grucli.recipe.kinds import Poolings, Text, Texts, one_of
from grucli.recipe.sections import Section
from grucli.recipe.tasks import (
    ClassifyRecipe,
    ForecastRecipe,
    LabelRecipe,
    RegressRecipe,
    TaskRecipe,
    deals_series,
)
from grucli.recipe.train import TrainRecipe
from grucli.recipe.tune import TuneRecipe

Initialiser = Literal["uniform", "xavier", "orthogonal"]

_KEEPING = ", ".join(f"{name}: {spec.keeps}" for name, spec in CELLS.items() if spec.keeps)
_ACTIVATIONS = "; ".join(
    f"{name}: {' or '.join(activation.name for activation in spec.activations)}"
    for name, spec in CELLS.items()
)


class InitRecipe(Section):
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
        description=f"Chrono initialisation: biases of the gate that keeps the state ({_KEEPING}) "
        "for memories of 1 to this many steps; null is off.",
    )
    gain: float = Field(default=1.0, gt=0, description="First value of the layer-norm gains.")
    checkpoint: Text | None = Field(
        default=None,
        description="Trained checkpoint to start from, relative to the recipe; null starts fresh.",
    )
    layout: Text | None = Field(
        default=None,
        description="How another project's checkpoint keeps its weights, such as haste or keras "
        "(docs/equations.md lists them); null goes by torch's names.",
    )
    matrices: Texts = Field(
        default=(),
        description="Names of the matrices to take from the checkpoint, such as W_hz or "
        "0.update.hh; empty takes all.",
    )


class ModelRecipe(Section):
    """The recurrent stack and its decoder."""

    cell: Annotated[str, one_of(tuple(CELLS))] = Field(
        default=GRU.name, description="Recurrent cell."
    )
    layer_norm: Annotated[str, one_of(NORM_NAMES)] = Field(
        default="none",
        description="Layer normalisation: of the input and hidden projections apart (split), as "
        "in Ba et al. 2016 (ba2016), of each gate sum (sum), of all sums jointly (sum_joint), or "
        "apart with the cell state that is carried on (split_state).",
    )
    hidden: int = Field(default=64, ge=1, le=65_536, description="Units in each layer.")
    layers: int = Field(default=1, ge=1, le=64, description="Stacked recurrent layers.")
    eps: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Added to the variance of a layer normalisation; null is 1e-5, for sum_joint "
        "1e-3.",
    )
    norm_bias: bool = Field(
        default=False,
        description="Give each product a bias of its own, inside the layer normalisation.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="What the compiled kernel rounds the factors of the recurrent layers' products "
        "to: bfloat16 is faster on processors with AMX or AVX512-BF16, and refused in training "
        "elsewhere. Weights, sums and all else are float32.",
    )
    activation: Annotated[str, one_of(ACTIVATION_NAMES)] = Field(
        default=TANH.name, description=f"Activation of what becomes the state ({_ACTIVATIONS})."
    )
    bidirectional: bool = Field(default=False, description="Read each context in both directions.")
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of values dropped in training, between layers and before the decoder.",
    )
    decoder: Literal["direct", "recursive", "segment"] = Field(
        default="direct",
        description="All horizon steps at once from the last hidden state (direct), one step at a "
        "time with the forecast fed back (recursive), or model.segment steps at a time, all "
        "segments in parallel (segment).",
    )
    segment: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Decoder segment: steps that are one input of the stack, and one output.",
    )
    skip: Literal["none", "linear"] = Field(
        default="none",
        description="What stands beside the network: nothing, or a linear map from the context to "
        "the horizon of each target, learned with it.",
    )
    harmonics: HarmonicsRecipe = Field(
        default=HarmonicsRecipe(),
        description="A seasonal profile beside the network, learned with it.",
    )
    channels: Literal["joint", "independent"] = Field(
        default="joint",
        description="All target columns in one input, or each on its own with shared weights.",
    )
    pooling: Poolings = Field(
        default=("last",),
        description="task classify or regress: what is read of a series: the final state, the mean "
        "or the maximum over all steps, or a list of these side by side.",
    )
    freeze: Texts = Field(
        default=(),
        description="Names of matrices that stay as they begin, such as W_hz or 0.update.hh: they "
        "take no gradient and no weight decay.",
    )
    init: InitRecipe = Field(default=InitRecipe(), description="The weights before the first step.")


class Recipe(Section):
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
    tune: TuneRecipe = Field(default=TuneRecipe(), description="What `grucli tune` searches.")

    @property
    def untuned(self) -> "Recipe":
        """The recipe without what is searched, which training does not look at."""
        return self.model_copy(update={"tune": TuneRecipe()})

    @property
    def forecast(self) -> ForecastRecipe:
        """The task of a recipe for a forecast."""
        assert isinstance(self.task, ForecastRecipe)
        return self.task

    @property
    def classify(self) -> ClassifyRecipe:
        """The task of a recipe for a classifier."""
        assert isinstance(self.task, ClassifyRecipe)
        return self.task

    @property
    def regress(self) -> RegressRecipe:
        """The task of a recipe for a number of each series."""
        assert isinstance(self.task, RegressRecipe)
        return self.task

    @property
    def label(self) -> LabelRecipe:
        """The task of a recipe for a label of each row."""
        assert isinstance(self.task, LabelRecipe)
        return self.task

    @property
    def deals_series(self) -> bool:
        """Whether whole series are dealt out to train, valid and test, and not spans of time."""
        return deals_series(self.task.kind, self.data.series, self.data.split.by)

    def with_categories(self, names: tuple[str, ...]) -> "Recipe":
        """The same where it is known which columns are categories."""
        data = self.data.model_copy(update={"categories": names})
        return self.model_copy(update={"data": data})

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Keep a Recipe with conflicting keys from existing, however it is built."""
        conflicts = list(find_conflicts(self.model_dump()))
        if conflicts:
            lines = "; ".join(f"{'.'.join(c.paths[0])}: {c.message}" for c in conflicts)
            raise PydanticCustomError("conflict", "{lines}", {"lines": lines})
        return self
