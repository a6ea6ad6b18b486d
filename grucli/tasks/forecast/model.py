"""The model of a recipe: the one file that knows both."""

from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.tasks.models import stack_options


def new_forecaster(recipe: Recipe) -> Forecaster:
    """The model of a recipe, its weights drawn as torch does."""
    model, task, columns = recipe.model, recipe.forecast, recipe.data.columns
    return Forecaster(
        target_size=len(columns.targets),
        past_size=len(columns.past),
        flag_size=len(columns.flag_names),
        decoder=model.decoder,
        horizon=task.horizon,
        normalise=task.normalise,
        channels=model.channels,
        tbptt_steps=recipe.train.tbptt_steps,
        **stack_options(recipe),
    )
