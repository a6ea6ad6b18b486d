"""Trained weights that a model begins with."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from grucli.cells.address import parse_parameter
from grucli.cells.layouts import parse_layout
from grucli.data import AnyScaler
from grucli.errors import CheckpointError
from grucli.recipe import ModelRecipe, Recipe
from grucli.runs.checkpoints import checkpoint_in
from grucli.weights import RecurrentModule, WeightFile, read_weights
from grucli.weights.categories import columns_of, texts_of, vector_names


def trained_weights(recipe: Recipe, scaler: AnyScaler) -> dict[str, Any] | None:
    """Those that ``model.init`` names, by parameter; None where it names none.

    The vectors of categories are put in the order of the texts of ``scaler``. Raises
    CheckpointError where they are those of another cell.
    """
    model, init = recipe.model, recipe.model.init
    if init.checkpoint is None:
        return None
    layout = None if init.layout is None else parse_layout(init.layout)
    file = read_weights(checkpoint_in(init.checkpoint), layout)
    problems = [f"{obstacle} Train from other weights." for obstacle in file.obstacles]
    if init.layout is not None and not init.matrices:
        for module in file.modules:
            problems += _differences(module, model, init.layout)
    if problems:
        raise CheckpointError(*(f"{init.checkpoint}: {problem}" for problem in problems))
    return dict(file.tensors) | _vectors(file, recipe, scaler)


def _vectors(file: WeightFile, recipe: Recipe, scaler: AnyScaler) -> dict[str, Any]:
    """The vectors of each category by parameter: those that the file has, in our order of texts.

    A text that the file does not have begins as the mean of its others.
    """
    known, own = texts_of(file), vector_names(recipe.data.columns.values, scaler.vocabularies)
    trained = vector_names(columns_of(file), known)
    vectors = {}
    for name, parameter in own.items():
        if name in trained:
            words, old = known[name], file.tensors[trained[name]]
            rows = {word: old[number] for number, word in enumerate(words)}
            mean = old[1:].mean(axis=0)
            vectors[parameter] = np.stack([rows.get(w, mean) for w in scaler.vocabularies[name]])
    return vectors


def _differences(module: RecurrentModule, model: ModelRecipe, layout: str) -> Iterator[str]:
    """Where a model would compute something else with all weights of a layout than they did."""
    names = [parse_parameter(name) for name in module.tensors]
    inside = any(name is not None and name.kind.startswith("norm_bias") for name in names)
    theirs = {"cell": module.cell, "layer_norm": module.layer_norm}
    ours = {"cell": model.cell, "layer_norm": model.layer_norm}
    if theirs == ours:
        theirs["norm_bias"], ours["norm_bias"] = f"{inside}".lower(), f"{model.norm_bias}".lower()
        usual = module.spec.layer_norm(model.layer_norm).eps
        theirs["eps"], ours["eps"] = f"{module.eps or usual:g}", f"{model.eps or usual:g}"
    for key, value in theirs.items():
        if value != ours[key]:
            yield (
                f"layout {layout} has {key} {value}, the recipe {ours[key]}; set model.{key}: "
                f"{value}, or name the matrices to take in model.init.matrices"
            )
