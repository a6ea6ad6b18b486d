"""The model of a recipe that reads whole sequences: the one file that knows both."""

from grucli.data import AnyScaler
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.tasks.models import category_places, stack_options


def new_sequence_model(
    recipe: Recipe, scaler: AnyScaler, outputs: int, *, each_step: bool = False
) -> SequenceModel:
    """A stack, a pooling unless it says something of ``each_step``, and so many outputs.

    The weights are drawn as torch does.
    """
    columns = recipe.data.columns
    return SequenceModel(
        len(columns.names),
        outputs,
        static_size=len(columns.static),
        flag_size=len(columns.flag_names),
        categories=category_places(columns, scaler),
        pooling=recipe.model.pooling,
        each_step=each_step,
        tbptt_steps=recipe.train.tbptt_steps,
        **stack_options(recipe),
    )
