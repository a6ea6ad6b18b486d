"""From a section of the recipe to the object it describes: the one file that knows both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grucli.data import (
    Frequency,
    Panel,
    Scaler,
    Span,
    Split,
    Windows,
    build_panel,
    build_windows,
    fit_scaler,
    parse_table,
    read_table,
    split_panel,
)
from grucli.errors import CheckpointError
from grucli.nn import Forecaster
from grucli.recipe import DataRecipe, Recipe, TrainRecipe
from grucli.training.flat import FlatParameters
from grucli.training.optimizers import Optimizer


def build_panel_of(
    data: DataRecipe, source: str | None = None, *, expected: Frequency | None = None
) -> Panel:
    """The table of a recipe (or another one of the same columns) as a panel, targets first."""
    return build_panel(
        read_table(source or data.path, time=data.time, columns=input_columns(data)),
        missing=data.missing,
        expected=expected,
    )


def build_panel_from_csv(
    data: DataRecipe, content: bytes, source: str, *, expected: Frequency | None = None
) -> Panel:
    """The same from the bytes of a CSV table; ``source`` is its name in errors."""
    table = parse_table(content, source=source, time=data.time, columns=input_columns(data))
    return build_panel(table, missing=data.missing, expected=expected)


def input_columns(data: DataRecipe) -> tuple[str, ...]:
    """The columns a model reads, targets first."""
    return (*data.target, *data.past)


@dataclass(frozen=True)
class Dataset:
    """The windows of a recipe: those of the training span, and those that test what was learned."""

    split: Split
    scaler: Scaler
    train: Windows
    valid: Windows
    test: Windows

    def windows(self, split: str) -> Windows:
        """Those of the span that is called train, valid or test."""
        return {"train": self.train, "valid": self.valid, "test": self.test}[split]


def build_split(recipe: Recipe, panel: Panel) -> Split:
    """Training, validation and test spans, in time order."""
    split = recipe.data.split
    return split_panel(panel, train=split.train, valid=split.valid, test=split.test)


def build_span_windows(
    recipe: Recipe, panel: Panel, scaler: Scaler, span: Span, *, lookback: bool, device: str
) -> Windows:
    """Windows whose targets lie in ``span``; with ``lookback`` a context may begin before it."""
    task = recipe.task
    return build_windows(
        panel,
        scaler,
        span,
        context_steps=task.context,
        horizon_steps=task.horizon,
        stride=task.stride,
        targets=len(recipe.data.target),
        flags=recipe.data.missing == "mask",
        lookback=lookback,
        device=torch.device(device),
    )


def build_dataset(
    recipe: Recipe, panel: Panel, *, device: str, scaler: Scaler | None = None
) -> Dataset:
    """Split, scale and cut a panel; the scaler is fitted on the training span if none is given."""
    split = build_split(recipe, panel)
    if scaler is None:
        rows = slice(split.train.start, split.train.stop)
        scaler = fit_scaler(
            recipe.data.scale, panel.values[rows], panel.observed[rows], panel.columns
        )
    train, valid, test = (
        build_span_windows(recipe, panel, scaler, span, lookback=lookback, device=device)
        for span, lookback in ((split.train, False), (split.valid, True), (split.test, True))
    )
    return Dataset(split, scaler, train, valid, test)


def _forecaster(recipe: Recipe) -> Forecaster:
    model, data = recipe.model, recipe.data
    inputs = len(input_columns(data))
    return Forecaster(
        cell=model.cell,
        layer_norm=model.layer_norm,
        eps=model.eps,
        norm_bias=model.norm_bias,
        activation=model.activation,
        target_size=len(data.target),
        past_size=len(data.past),
        flag_size=inputs if data.missing == "mask" else 0,
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


def build_optimizer(train: TrainRecipe, parameters: FlatParameters) -> Optimizer:
    """The optimiser of a recipe."""
    return Optimizer(
        train.optimizer,
        parameters,
        lr=train.lr,
        weight_decay=train.weight_decay,
        momentum=train.momentum,
        nesterov=train.nesterov,
    )
