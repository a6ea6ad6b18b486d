"""The model of a recipe: the one file that knows both."""

from collections.abc import Mapping
from typing import Any

from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.tasks.models import stack_options


def new_classifier(recipe: Recipe, facts: Mapping[str, Any]) -> SequenceModel:
    """The model of a recipe for the classes in ``facts``, its weights drawn as torch does."""
    return SequenceModel(
        len(recipe.data.columns.names),
        len(facts["classes"]),
        pooling=recipe.model.pooling,
        **stack_options(recipe),
    )
