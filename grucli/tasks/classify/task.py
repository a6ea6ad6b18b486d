"""Classification as a task."""

from functools import partial

from grucli.data import Judged
from grucli.forms import Form
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.results import ClassScores, Labels, SplitName
from grucli.tasks.classify.data import ClassifyData
from grucli.tasks.classify.predict import label_table
from grucli.tasks.classify.score import score_model
from grucli.tasks.sequences.classes import class_facts_form
from grucli.tasks.sequences.model import new_sequence_model
from grucli.tasks.sequences.parts import part_columns
from grucli.tasks.sequences.task import SequenceTask
from grucli.tasks.task import Learned
from grucli.tensors import torch
from grucli.training.objective import Objective


class ClassifyTask(SequenceTask[ClassifyData]):
    """The class of each series."""

    kind = "classify"
    data_kind = ClassifyData

    best_by = ("accuracy", -1)
    answer_words = (
        "a label has no interval; leave it out (predict gives the probability of each class)"
    )
    ahead_words = "the class of a series"

    def facts_form(self, recipe: Recipe) -> Form:
        """The classes, and how many of each were learned."""
        return class_facts_form()

    def judged_columns(self, recipe: Recipe, split: SplitName) -> Judged:
        """The label, and the column that says the part, unless all is judged."""
        return Judged(texts=(recipe.classify.label, *part_columns(recipe, split)))

    def new_model(self, recipe: Recipe, learned: Learned) -> SequenceModel:
        """A stack, a pooling and a linear layer."""
        return new_sequence_model(recipe, learned.scaler, len(learned.facts["classes"]))

    def objective(self, model: SequenceModel, data: ClassifyData) -> Objective:
        """Cross-entropy."""
        from grucli.tasks.sequences.class_losses import class_weights, cross_entropy
        from grucli.tasks.sequences.objective import SequenceObjective

        recipe = data.recipe.classify
        counts = torch.tensor(data.learned.facts["counts"], dtype=torch.float32)
        weights = class_weights(recipe.class_weights, counts.to(data.device))
        loss = partial(cross_entropy, weights_K=weights, smoothing=recipe.label_smoothing)
        train, valid = data.samples("train"), data.samples("valid")
        return SequenceObjective(model, loss, recipe.noise, train, valid)

    def scores(self, model: SequenceModel, data: ClassifyData, split: SplitName) -> ClassScores:
        """Metrics beside those of the baselines."""
        return score_model(model, data, split=split)

    def answers(self, model: SequenceModel, data: ClassifyData) -> Labels:
        """The label of every series."""
        return label_table(model, data)
