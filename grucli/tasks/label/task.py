"""Labels of rows as a task."""

from grucli.data import Judged
from grucli.forms import Form
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.results import ClassScores, Labels, Numbers, NumberScores, SplitName
from grucli.tasks.label.data import LabelData
from grucli.tasks.label.predict import label_table
from grucli.tasks.label.score import score_model
from grucli.tasks.sequences.classes import class_facts_form
from grucli.tasks.sequences.model import new_sequence_model
from grucli.tasks.sequences.numbers import number_facts_form
from grucli.tasks.sequences.parts import part_columns
from grucli.tasks.sequences.task import SequenceTask
from grucli.tasks.task import Learned
from grucli.training.objective import Objective


class LabelTask(SequenceTask[LabelData]):
    """A class or a number of each row."""

    kind = "label"
    data_kind = LabelData
    samples_word = "piece"
    best_by = ("accuracy", -1)
    answer_words = (
        "a label has no interval; leave it out (predict gives the probability of each class)"
    )
    ahead_words = "the label of each row"

    def model_words(self, recipe: Recipe) -> str:
        """What is said of each row."""
        return f"a {recipe.label.answer} each row"

    def facts_form(self, recipe: Recipe) -> Form:
        """The classes and how many of each were learned, or the scale of numbers and their mean."""
        return class_facts_form() if recipe.label.answer == "class" else number_facts_form()

    def judged_columns(self, recipe: Recipe, split: SplitName) -> Judged:
        """The label of each row, and the column that says the part, unless all is judged."""
        texts, label = part_columns(recipe, split), (recipe.label.label,)
        if recipe.label.answer == "class":
            return Judged(texts, words=label)
        return Judged(texts, numbers=label)

    def new_model(self, recipe: Recipe, learned: Learned) -> SequenceModel:
        """A stack, and a linear layer on its output of each step."""
        outputs = len(learned.facts.get("classes", (1,)))
        return new_sequence_model(recipe, learned.scaler, outputs, each_step=True)

    def objective(self, model: SequenceModel, data: LabelData) -> Objective:
        """Cross-entropy, or the recipe's loss in scaled units, of rows whose label is known."""
        from grucli.tasks.label.objective import loss_of
        from grucli.tasks.sequences.objective import SequenceObjective

        train, valid = data.samples("train"), data.samples("valid")
        return SequenceObjective(model, loss_of(data), data.recipe.label.noise, train, valid)

    def scores(
        self, model: SequenceModel, data: LabelData, split: SplitName
    ) -> ClassScores | NumberScores:
        """Metrics of rows beside those of the baselines."""
        return score_model(model, data, split=split)

    def answers(self, model: SequenceModel, data: LabelData) -> Labels | Numbers:
        """The label of every row."""
        return label_table(model, data)
