"""The model of a recipe: the one file that knows both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from grucli.errors import CheckpointError
from grucli.nn import Forecaster
from grucli.recipe import Recipe


def build_forecaster(recipe: Recipe, initial: Mapping[str, Any] | None = None) -> Forecaster:
    """A freshly initialised model; ``initial`` holds trained weights that ``model.init`` names.

    Draws from torch's global random generator: seed it first.
    """
    forecaster = _forecaster(recipe)
    init = recipe.model.init
    forecaster.initialise(
        input_hidden=init.input_hidden,
        hidden_hidden=init.hidden_hidden,
        chrono_steps=init.chrono_steps,
        gain=init.gain,
    )
    if initial is not None:
        forecaster.copy_weights(initial, matrices=init.matrices)
    return forecaster


def restore_forecaster(
    recipe: Recipe, weights: Mapping[str, np.ndarray[Any, Any]], *, source: str
) -> Forecaster:
    """The model of a checkpoint. Raises CheckpointError when weights and recipe disagree.

    Shapes are compared on a model without storage, so that a recipe that asks for more memory than
    there is does no harm.
    """
    with torch.device("meta"):
        forecaster = _forecaster(recipe)
    expected = {name: tuple(value.shape) for name, value in forecaster.state_dict().items()}
    problems = [
        f"{source}: {name}: shape {weights[name].shape if name in weights else 'missing'}; its "
        f"recipe expects {expected.get(name, 'no such tensor')}; the file was changed"
        for name in sorted(expected.keys() | weights.keys())
        if name not in weights or expected.get(name) != weights[name].shape
    ]
    if problems:
        raise CheckpointError(*problems)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
    forecaster.load_state_dict(tensors, assign=True)
    return forecaster


def _forecaster(recipe: Recipe) -> Forecaster:
    model, columns = recipe.model, recipe.data.columns
    return Forecaster(
        cell=model.cell,
        layer_norm=model.layer_norm,
        target_size=len(columns.targets),
        past_size=len(columns.past),
        flag_size=len(columns.flag_names),
        hidden=model.hidden,
        layers=model.layers,
        bidirectional=model.bidirectional,
        dropout=model.dropout,
        decoder=model.decoder,
        horizon=recipe.task.horizon,
        normalise=recipe.task.normalise,
        channels=model.channels,
        tbptt_steps=recipe.train.tbptt_steps,
        recompute_steps=recipe.train.recompute_steps,
    )
