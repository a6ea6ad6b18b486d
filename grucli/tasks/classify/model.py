"""The model of a recipe: the one file that knows both."""

from collections.abc import Mapping
from typing import Any

from grucli.nn import SequenceModel
from grucli.recipe import Recipe


def new_classifier(recipe: Recipe, facts: Mapping[str, Any]) -> SequenceModel:
    """The model of a recipe for the classes in ``facts``, its weights drawn as torch does."""
    model = recipe.model
    return SequenceModel(
        len(recipe.data.columns.names),
        len(facts["classes"]),
        cell=model.cell,
        layer_norm=model.layer_norm,
        activation=model.activation,
        eps=model.eps,
        norm_bias=model.norm_bias,
        hidden=model.hidden,
        layers=model.layers,
        bidirectional=model.bidirectional,
        dropout=model.dropout,
        pooling=model.pooling,
        recompute_steps=recipe.train.recompute_steps,
    )
