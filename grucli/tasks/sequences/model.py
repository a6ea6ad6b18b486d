"""The model of a recipe that reads whole sequences: the one file that knows both."""

from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.tasks.models import stack_options


def new_sequence_model(recipe: Recipe, outputs: int) -> SequenceModel:
    """A stack, a pooling and so many outputs, the weights drawn as torch does."""
    return SequenceModel(
        len(recipe.data.columns.names),
        outputs,
        pooling=recipe.model.pooling,
        **stack_options(recipe),
    )
