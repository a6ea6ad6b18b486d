"""What was asked for: the recipe, its schema, and the way from YAML to it."""

from grucli.recipe.data import DataRecipe, SplitRecipe
from grucli.recipe.dump import dump_recipe, scalar_text
from grucli.recipe.load import load_recipe, recipe_from_mapping, with_settings
from grucli.recipe.schema import (
    InitRecipe,
    ModelRecipe,
    Recipe,
)
from grucli.recipe.space import is_whole, searched_key
from grucli.recipe.tasks import ClassifyRecipe, ForecastRecipe
from grucli.recipe.train import ScheduleRecipe, TrainRecipe
from grucli.recipe.tune import Space, Span, TuneRecipe

__all__ = [
    "ClassifyRecipe",
    "DataRecipe",
    "ForecastRecipe",
    "InitRecipe",
    "ModelRecipe",
    "Recipe",
    "ScheduleRecipe",
    "Space",
    "Span",
    "SplitRecipe",
    "TrainRecipe",
    "TuneRecipe",
    "dump_recipe",
    "is_whole",
    "load_recipe",
    "recipe_from_mapping",
    "scalar_text",
    "searched_key",
    "with_settings",
]
