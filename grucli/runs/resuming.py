"""Go on with a run from its last.pt, or say why that cannot be."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grucli.checkpoint import Checkpoint, load_checkpoint
from grucli.errors import UsageError
from grucli.recipe import Recipe
from grucli.runs.opened import recipe_of
from grucli.training.observers import Observers
from grucli.training.progress import STATE_VERSION, Training

MAY_CHANGE = ("train.epochs", "train.patience")
"""Keys of a recipe that only say when to stop."""


def load_unfinished(path: Path, recipe: Recipe, data: Mapping[str, Any]) -> Checkpoint:
    """The saved state of a run. Raises UsageError where recipe or data are not what they were.

    ``data`` is the table in short, as in the checkpoint.
    """
    saved = load_checkpoint(path)
    if saved.training is None:
        raise UsageError(f"{path}: holds no training state; start again with --overwrite")
    if saved.training.get("version") != STATE_VERSION:
        raise UsageError(
            f"{path}: grucli {saved.versions['grucli']} wrote this training state in a form that "
            "this grucli cannot go on with; finish the run with that one or start again with "
            "--overwrite"
        )
    before = recipe_of(saved, path)
    changed = [
        f"{path}: {key} was {old!r} and is now {new!r}; resume with the recipe as it was "
        "(train.epochs and train.patience may change) or start again with --overwrite"
        for key, old, new in _differences(before.model_dump(), recipe.model_dump())
        if key not in MAY_CHANGE
    ]
    if saved.data["sha256"] != data["sha256"]:
        changed.append(
            f"{recipe.data.path}: the table has changed since {path} was written; "
            "resume with the table as it was or start again with --overwrite"
        )
    if changed:
        raise UsageError(*changed)
    return saved


def restore_training(training: Training, observers: Observers, saved: Checkpoint) -> None:
    """Give a training and its observers the weights and the state of when it was saved."""
    training.model.load_state_dict(_as_tensors(saved.weights))
    state = _as_tensors(saved.training)
    observers.load_state_dict(state["observers"])
    training.load_state_dict(state)


def _differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys of two resolved recipes whose values differ, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before.keys() | now.keys():
            where = f"{path}.{key}" if path else str(key)
            yield from _differences(before.get(key), now.get(key), where)
    elif before != now:
        yield path, before, now


def _as_tensors(value: Any) -> Any:
    """Arrays of a checkpoint as tensors, in whatever they are nested."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, dict):
        return {key: _as_tensors(item) for key, item in value.items()}
    return [_as_tensors(item) for item in value] if isinstance(value, list) else value
