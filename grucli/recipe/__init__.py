"""What was asked for: the recipe, its schema, and the way from YAML to it."""

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
]
