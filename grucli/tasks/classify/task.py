"""Classification as a task."""

from collections.abc import Mapping
from typing import Any

import torch

from grucli.data import Panel, Table
from grucli.errors import UsageError
from grucli.forms import Fields, Form, Listed, Number, Text
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.results import ClassScores, ForecastExample, Labels, SplitName
from grucli.tasks.classify.data import ClassifyData
from grucli.tasks.classify.losses import class_weights
from grucli.tasks.classify.model import new_classifier
from grucli.tasks.classify.objective import ClassifyObjective
from grucli.tasks.classify.predict import label_table
from grucli.tasks.classify.score import score_model
from grucli.tasks.task import Intervals, Learned, Task


class ClassifyTask(Task[ClassifyData, SequenceModel]):
    """The class of each series."""

    kind = "classify"

    def facts_form(self, recipe: Recipe) -> Form:
        """The classes, and how many of each were learned."""
        count = Number(least=0, most=2**53, whole=True)
        return Fields({"classes": Listed(Text(), least=1), "counts": Listed(count, least=1)})

    samples_word = "sequence"

    def model_words(self, recipe: Recipe) -> str:
        """How the outputs of all steps become one vector."""
        return f"{' and '.join(recipe.model.pooling)} pooling"

    def judged_texts(self, recipe: Recipe, split: SplitName) -> tuple[str, ...]:
        """The label, and the column that says the part, unless all is judged."""
        part = None if split == "all" else recipe.data.split.column
        return (recipe.classify.label, *(() if part is None else (part,)))

    def prepare(
        self,
        recipe: Recipe,
        panel: Panel,
        *,
        device: str,
        learned: Learned | None = None,
        whole: bool = False,
    ) -> ClassifyData:
        """Whole series of a table."""
        return ClassifyData(recipe, panel, device, learned, whole)

    def new_model(self, recipe: Recipe, facts: Mapping[str, Any]) -> SequenceModel:
        """A stack, a pooling and a linear layer."""
        return new_classifier(recipe, facts)

    def objective(self, model: SequenceModel, data: ClassifyData) -> ClassifyObjective:
        """Cross-entropy."""
        recipe = data.recipe.classify
        counts = torch.tensor(data.learned.facts["counts"], dtype=torch.float32)
        weights = class_weights(recipe.class_weights, counts.to(data.device))
        train, valid = data.samples("train"), data.samples("valid")
        return ClassifyObjective(model, recipe, weights, train, valid)

    def score(
        self,
        model: SequenceModel,
        data: ClassifyData,
        *,
        split: SplitName,
        intervals: Intervals | None = None,
    ) -> ClassScores:
        """Metrics beside those of the baselines."""
        _refuse(intervals)
        return score_model(model, data, split=split)

    def examples(
        self, model: SequenceModel, data: ClassifyData, *, split: SplitName, count: int
    ) -> tuple[ForecastExample, ...]:
        """None: what is drawn of a classifier are its scores."""
        return ()

    def prediction_examples(
        self, prediction: Labels, data: ClassifyData
    ) -> tuple[ForecastExample, ...]:
        """None: a label is no series."""
        return ()

    def predict(
        self,
        model: SequenceModel,
        data: ClassifyData,
        *,
        horizon: int | None = None,
        future: Table | None = None,
        intervals: Intervals | None = None,
    ) -> Labels:
        """The label of every series."""
        _refuse(intervals)
        return label_table(model, data, horizon=horizon)


def _refuse(intervals: Intervals | None) -> None:
    """Raise UsageError where intervals are asked for."""
    if intervals is not None and intervals.levels:
        raise UsageError(
            f"--level {intervals.levels[0]:g}: a label has no interval; leave it out (predict "
            "gives the probability of each class)"
        )
