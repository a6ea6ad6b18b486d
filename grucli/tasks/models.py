"""What a recipe says of a stack and its inputs, as every model takes it, and trained weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from grucli.columns import Columns
from grucli.data import AnyScaler
from grucli.errors import CheckpointError
from grucli.nn.model import RecurrentModel, StackOptions
from grucli.recipe import Recipe
from grucli.tensors import torch


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
        precision=model.precision,
        activation=model.activation,
        recompute_steps=recipe.train.recompute_steps,
    )


def category_places(columns: Columns, scaler: AnyScaler) -> dict[int, int]:
    """Where a row has categories, and how many texts there are of each, beside the unknown."""
    return {columns.place(name): count for name, count in scaler.texts.items()}


def fill(
    model: RecurrentModel, weights: Mapping[str, np.ndarray[Any, Any]], *, source: str
) -> None:
    """Give a model that was built without storage the weights of a checkpoint.

    Raises CheckpointError where their names or shapes are others than the model's.
    """
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    problems = [
        f"{source}: {name}: shape {weights[name].shape if name in weights else 'missing'}; its "
        f"recipe expects {expected.get(name, 'no such tensor')}; the file was changed"
        for name in sorted(expected.keys() | weights.keys())
        if name not in weights or expected.get(name) != weights[name].shape
    ]
    if problems:
        raise CheckpointError(*problems)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
    model.load_state_dict(tensors, assign=True)
