"""The model of a recipe: the one file that knows both."""

from collections.abc import Mapping

from grucli.calendars import calendar_columns
from grucli.columns import Columns
from grucli.nn import Forecaster
from grucli.recipe import Recipe
from grucli.tasks.models import category_places, stack_options
from grucli.tasks.task import Learned


def new_forecaster(recipe: Recipe, learned: Learned) -> Forecaster:
    """The model of a recipe, its weights drawn as torch does."""
    model, task, columns = recipe.model, recipe.forecast, recipe.data.columns
    return Forecaster(
        target_size=len(columns.targets),
        past_size=len(columns.past),
        future_size=len(columns.ahead),
        static_size=len(columns.static),
        flag_size=len(columns.flag_names),
        categories=category_places(columns, learned.scaler),
        decoder=model.decoder,
        segment=model.segment or 1,
        skip=model.skip,
        harmonics=_sines(columns, model.harmonics.waves),
        harmonics_alone=model.harmonics.alone,
        context=task.context,
        horizon=task.horizon,
        normalise=task.normalise,
        output=task.output_kind,
        levels=task.levels,
        channels=model.channels,
        tbptt_steps=recipe.train.tbptt_steps,
        **stack_options(recipe),
    )


def _sines(columns: Columns, harmonics: Mapping[str, int]) -> dict[int, int]:
    """Waves of each cycle of the calendar, by where its sine stands among the columns ahead."""
    return {
        columns.ahead.index(sine): count
        for part, count in harmonics.items()
        for sine in calendar_columns(part)[::2]
    }
