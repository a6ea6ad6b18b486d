"""A task: what is learned from a table, how it is judged, and what is made of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from grucli.data import AnyScaler, Judged, Panel, Table
from grucli.errors import UsageError
from grucli.forms import Fields, Form, Plain
from grucli.nn import RecurrentModel
from grucli.recipe import Recipe
from grucli.results import Anomalies, AnyScores, ForecastExample, Prediction, SplitName
from grucli.tasks.models import fill
from grucli.tensors import Tensor, torch
from grucli.training.objective import Objective


@dataclass(frozen=True)
class Learned:
    """What a model has to know of the span that it was trained on, beside its weights.

    ``facts`` are plain values, which a checkpoint keeps under the task.
    """

    scaler: AnyScaler
    facts: Mapping[str, Any]


def no_test_span(source: str) -> UsageError:
    """What to raise where the test span is asked for and the recipe keeps none."""
    return UsageError(
        f"{source}: data.split.test is 0: there is no test span to judge by; expected --split "
        "valid, train or all, or a recipe that keeps one"
    )


@dataclass(frozen=True)
class Intervals:
    """``levels`` in per cent that are asked for, none where nobody said, and what a checkpoint
    has ``kept`` to make them (see ``Task.calibrate``).
    """

    levels: tuple[float, ...] = ()
    kept: Mapping[str, Any] | None = None


class Samples(Protocol):
    """What is learned from or judged by, one sample at each position."""

    def __len__(self) -> int: ...

    @property
    def steps(self) -> int:
        """Steps of the longest sample that a model reads."""
        ...

    def inputs(self, index: Tensor) -> tuple[Tensor, ...]:
        """What a model is called with for the samples at positions ``index`` [B]."""
        ...


class TaskData(Protocol):
    """A table as a task reads it; what is not asked for is not worked out."""

    @property
    def panel(self) -> Panel:
        """The table."""
        ...

    @property
    def learned(self) -> Learned:
        """That of a trained model, or what the training span says."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out of the samples."""
        ...

    def extent(self, split: SplitName) -> tuple[str, str] | None:
        """The first and last time of a span as the table writes them; None if time cuts none."""
        ...

    def samples(self, split: SplitName) -> Samples:
        """Those of the span that is called train, valid or test, or all of the table's.

        Raises UsageError for test where the recipe keeps no test span.
        """
        ...


Data = TypeVar("Data", bound=TaskData)
Model = TypeVar("Model", bound=RecurrentModel)


class Task(ABC, Generic[Data, Model]):
    """One kind of task. ``grucli.tasks.TASKS`` has one of each; none has a state.

    Scores and predictions are values of ``grucli.results``, of a class of the task's own.
    """

    kind: str
    samples_word: str
    """What one sample is called."""

    @abstractmethod
    def model_words(self, recipe: Recipe) -> str:
        """What comes after the stack, such as ``direct decoder``."""

    best_by: tuple[str, int]
    """The metric that runs are sorted by, and 1 where less is better, else -1."""

    @abstractmethod
    def judged_columns(self, recipe: Recipe, split: SplitName) -> Judged:
        """What a table must have, beside what a model reads, for one of its parts to be judged."""

    def facts_form(self, recipe: Recipe) -> Form:
        """What the facts in a checkpoint have to be, which is seen to before they are used."""
        return Plain()

    def calibration_form(self, recipe: Recipe) -> Form:
        """The same of what ``calibrate`` gives."""
        return Fields({})

    data_kind: Callable[[Recipe, Panel, str, Learned | None, bool], Data]
    """What reads a table."""

    def check_table(self, recipe: Recipe, panel: Panel) -> None:
        """Raise DataError for a table that the task cannot be about."""

    def prepare(
        self,
        recipe: Recipe,
        panel: Panel,
        *,
        device: str,
        learned: Learned | None = None,
        whole: bool = False,
    ) -> Data:
        """Read a table as the recipe says; ``learned`` is that of a trained model.

        With ``whole`` the training span is all of the table, and there is no test span. Raises what
        ``check_table`` does.
        """
        self.check_table(recipe, panel)
        return self.data_kind(recipe, panel, device, learned, whole)

    @abstractmethod
    def new_model(self, recipe: Recipe, learned: Learned) -> Model:
        """The model of a recipe, its weights drawn as torch does."""

    @abstractmethod
    def objective(self, model: Model, data: Data) -> Objective:
        """What training makes smaller."""

    def calibrate(self, model: Model, data: Data) -> Mapping[str, Any] | None:
        """What intervals and scores of rows are made of, from the validation span; None without."""
        return None

    @abstractmethod
    def score(
        self, model: Model, data: Data, *, split: SplitName, intervals: Intervals | None = None
    ) -> AnyScores:
        """How good a model is on one span, beside the baselines, and its intervals if it has any.

        Raises UsageError for levels that it has none of.
        """

    @abstractmethod
    def predict(
        self,
        model: Model,
        data: Data,
        *,
        horizon: int | None = None,
        future: Table | None = None,
        intervals: Intervals | None = None,
    ) -> Prediction:
        """What a model makes of a table, with the intervals that are asked for.

        ``future`` holds what is known in advance, for a model that reads such columns. Raises
        UsageError for a ``horizon`` or levels without a meaning.
        """

    @abstractmethod
    def examples(
        self,
        model: Model,
        data: Data,
        *,
        split: SplitName,
        count: int,
        intervals: Intervals | None = None,
    ) -> tuple[ForecastExample, ...]:
        """``count`` of the predictions that ``score`` judges, to be drawn; () where none can be."""

    @abstractmethod
    def prediction_examples(self, prediction: Any, data: Data) -> tuple[ForecastExample, ...]:
        """A prediction beside the rows that it was made from, to be drawn."""

    def anomalies(self, model: Model, data: Data, *, kept: Mapping[str, Any] | None) -> Anomalies:
        """How odd each row of a table is; ``kept`` is what ``calibrate`` gave.

        Raises UsageError for a model that expects nothing of its rows, or has nothing kept.
        """
        raise UsageError(
            f"--anomaly: scores are errors of forecasts, and this model was trained with "
            f"task.kind {self.kind}; train a forecast"
        )

    def build_model(
        self, recipe: Recipe, learned: Learned, initial: Mapping[str, Any] | None = None
    ) -> Model:
        """A freshly initialised model; ``initial`` has trained weights that ``model.init`` names.
        Draws from torch's global random generator: seed it first.
        """
        model, init = self.new_model(recipe, learned), recipe.model.init
        model.initialise(
            input_hidden=init.input_hidden,
            hidden_hidden=init.hidden_hidden,
            chrono_steps=init.chrono_steps,
            gain=init.gain,
        )
        if initial is not None:
            model.copy_weights(initial, matrices=init.matrices)
        return model

    def begin(self, model: Model, data: Data) -> None:
        """Give a model before its first step what a look at the training span can give it."""

    def restore_model(
        self,
        recipe: Recipe,
        learned: Learned,
        weights: Mapping[str, np.ndarray[Any, Any]],
        *,
        source: str,
    ) -> Model:
        """The model of a checkpoint. Raises CheckpointError when weights and recipe disagree.

        Shapes are compared on a model without storage, so that a recipe that asks for more memory
        than there is does no harm.
        """
        with torch.device("meta"):
            model = self.new_model(recipe, learned)
        fill(model, weights, source=source)
        return model
