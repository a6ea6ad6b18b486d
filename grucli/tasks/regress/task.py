"""Regression as a task."""

from functools import partial

from grucli.data import Judged
from grucli.forms import Form
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.results import Numbers, NumberScores, SplitName
from grucli.tasks.regress.data import RegressData
from grucli.tasks.regress.predict import number_table
from grucli.tasks.regress.score import score_model
from grucli.tasks.sequences.model import new_sequence_model
from grucli.tasks.sequences.numbers import number_facts_form
from grucli.tasks.sequences.parts import part_columns
from grucli.tasks.sequences.task import SequenceTask
from grucli.tasks.task import Learned
from grucli.training.objective import Objective


class RegressTask(SequenceTask[RegressData]):
    """One number of each series."""

    kind = "regress"
    data_kind = RegressData
    best_by = ("rmse", 1)
    answer_words = "a number of a series has no interval; leave it out"
    ahead_words = "one number of a series"

    def facts_form(self, recipe: Recipe) -> Form:
        """The scale of the numbers, and their mean."""
        return number_facts_form()

    def judged_columns(self, recipe: Recipe, split: SplitName) -> Judged:
        """The label, and the column that says the part, unless all is judged."""
        return Judged(texts=part_columns(recipe, split), numbers=(recipe.regress.label,))

    def new_model(self, recipe: Recipe, learned: Learned) -> SequenceModel:
        """A stack, a pooling and a linear layer."""
        return new_sequence_model(recipe, learned.scaler, 1)

    def objective(self, model: SequenceModel, data: RegressData) -> Objective:
        """The recipe's loss, in scaled units."""
        from grucli.tasks.losses import masked_mean_loss
        from grucli.tasks.sequences.objective import SequenceObjective

        recipe = data.recipe
        loss = partial(masked_mean_loss, recipe.train.loss, weight=None)
        train, valid = data.samples("train"), data.samples("valid")
        return SequenceObjective(model, loss, recipe.regress.noise, train, valid)

    def scores(self, model: SequenceModel, data: RegressData, split: SplitName) -> NumberScores:
        """Errors beside those of the baselines."""
        return score_model(model, data, split=split)

    def answers(self, model: SequenceModel, data: RegressData) -> Numbers:
        """The number of every series."""
        return number_table(model, data)
