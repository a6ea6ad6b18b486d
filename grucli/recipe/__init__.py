"""What was asked for: the recipe, its schema, and the way from YAML to it."""

from grucli.recipe.data import DataRecipe, SplitRecipe
from grucli.recipe.dump import dump_recipe, scalar_text
from grucli.recipe.load import load_recipe, recipe_from_mapping
from grucli.recipe.schema import (
    InitRecipe,
    ModelRecipe,
    Recipe,
)
from grucli.recipe.tasks import ClassifyRecipe, ForecastRecipe
from grucli.recipe.train import ScheduleRecipe, TrainRecipe

__all__ = [
    "ClassifyRecipe",
    "DataRecipe",
    "ForecastRecipe",
    "InitRecipe",
    "ModelRecipe",
    "Recipe",
    "ScheduleRecipe",
    "SplitRecipe",
    "TrainRecipe",
    "dump_recipe",
    "load_recipe",
    "recipe_from_mapping",
    "scalar_text",
]
