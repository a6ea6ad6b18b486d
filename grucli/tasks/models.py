"""What a recipe says of a stack and its inputs, as every model takes it."""

from grucli.columns import Columns
from grucli.data import AnyScaler
from grucli.nn.model import StackOptions
from grucli.recipe import Recipe


def stack_options(recipe: Recipe) -> StackOptions:
    """The stack of a recipe."""
    model = recipe.model
    return StackOptions(
        cell=model.cell,
        hidden=model.hidden,
        layers=model.layers,
        bidirectional=model.bidirectional,
        dropout=model.dropout,
        layer_norm=model.layer_norm,
        eps=model.eps,
        norm_bias=model.norm_bias,
        activation=model.activation,
        recompute_steps=recipe.train.recompute_steps,
    )


def category_places(columns: Columns, scaler: AnyScaler) -> dict[int, int]:
    """Where a row has categories, and how many texts there are of each, beside the unknown."""
    return {columns.place(name): count for name, count in scaler.texts.items()}
