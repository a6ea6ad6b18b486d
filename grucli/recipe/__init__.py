"""What was asked for: the recipe, its schema, and the way from YAML to it."""

from grucli.recipe.dump import dump_recipe
from grucli.recipe.load import load_recipe, recipe_from_mapping
from grucli.recipe.schema import (
    DataRecipe,
    InitRecipe,
    ModelRecipe,
    Recipe,
    ScheduleRecipe,
    SplitRecipe,
    TaskRecipe,
    TrainRecipe,
)

__all__ = [
    "DataRecipe",
    "InitRecipe",
    "ModelRecipe",
    "Recipe",
    "ScheduleRecipe",
    "SplitRecipe",
    "TaskRecipe",
    "TrainRecipe",
    "dump_recipe",
    "load_recipe",
    "recipe_from_mapping",
]
