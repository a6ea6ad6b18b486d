"""Go on with a run from its last.pt, or say why that cannot be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grucli.errors import UsageError
from grucli.files import same_file
from grucli.recipe import Recipe, dump_recipe, recipe_from_mapping
from grucli.runs.folder import RunFolder
from grucli.runs.opened import recipe_of
from grucli.runs.origin import Origin
from grucli.runs.saving import Saver
from grucli.runs.state_form import check_state
from grucli.runs.states import SavedState, load_state, set_aside
from grucli.runs.tables import table_files
from grucli.training.progress import STATE_VERSION, Training

MAY_CHANGE = ("train.epochs", "train.patience", "train.skip_not_finite")
"""Keys of a recipe that only say when to stop."""


@dataclass(frozen=True)
class GoesOn:
    """What a run goes on from and with: a saved state, its recipe, and what is to be said."""

    state: SavedState
    recipe: Recipe
    origin: Origin | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, folder: RunFolder, recipe: Recipe, origin: Origin | None) -> "GoesOn":
        """The state in a folder, and the recipe it goes on with (see ``recipe_of_run``).

        Raises UsageError where this grucli cannot go on from it.
        """
        state = load_state(folder)
        saved, path = state.checkpoint, state.path
        if saved.training is None:
            raise UsageError(f"{path}: holds no training state; start again with --overwrite")
        if saved.training.get("version") != STATE_VERSION:
            raise UsageError(
                f"{path}: grucli {saved.versions['grucli']} wrote this training state in a form "
                "that this grucli cannot go on with; finish the run with that one or start again "
                "with --overwrite"
            )
        own, notes = recipe_of_run(state, recipe, origin)
        return cls(state, own, origin, (*state.notes, *notes))

    def check_table(self, data: Mapping[str, Any]) -> None:
        """Raise UsageError where the table in short, as in the checkpoint, is not what it was."""
        if self.state.checkpoint.data["sha256"] != data["sha256"]:
            raise UsageError(
                f"{data['path']}: the table has changed since {self.state.path} was written; "
                "resume with the table as it was or start again with --overwrite"
            )

    def restore(self, training: Training, saver: Saver) -> tuple[str, ...]:
        """Give a training, its saver and its folder what they had, and say what is to be known.

        recipe.yaml is brought up to date, except where it is the file that the recipe came from.
        """
        saved, folder = self.state.checkpoint, saver.folder
        check_state(saved.training, training, saver.observers, self.state.path)
        training.model.load_state_dict(_as_tensors(saved.weights))
        state = _as_tensors(saved.training)
        saver.observers.load_state_dict(state["observers"])
        training.load_state_dict(state)
        set_aside(folder, self.state)
        lost = folder.rewind(epochs_done=training.epoch - 1, steps_done=training.step)
        if self.origin is None or not same_file(self.origin.file, folder.recipe):
            folder.write_recipe(dump_recipe(self.recipe))
        rescheduled = _rescheduled(self, training)
        return (*self.notes, *lost, *rescheduled, *_done(training))


def recipe_of_run(
    state: SavedState, recipe: Recipe, origin: Origin | None
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe that a run goes on with: its own, and a note for each key that now differs.

    Keys of ``MAY_CHANGE`` that were set beside the recipe file of ``origin`` count; another key
    set so is a UsageError, as is any that differs in a recipe that came from no file. The table
    is looked for where the recipe has it now if it has gone from where it was.
    """
    own = recipe_of(state.checkpoint, state.path)
    files = table_files(own.data)
    if not files or not all(file == "-" or Path(file).exists() for file in files):
        data = own.data.model_copy(update={"path": recipe.data.path})
        own = own.model_copy(update={"data": data})
    if recipe.data.categories is None:
        recipe = recipe.with_categories(own.data.categories or ())
    changes, refused, notes = {}, [], []
    for key, old, new in _differences(own.model_dump(mode="json"), recipe.model_dump(mode="json")):
        if origin is not None and not origin.sets(key):
            notes.append(_kept(key, old, new, origin))
        elif key in MAY_CHANGE:
            changes[key.removeprefix("train.")] = new
        else:
            refused.append(
                f"{state.path}: {key} was {old!r} and is now {new!r}; resume with the recipe as "
                f"it was ({', '.join(MAY_CHANGE)} may change) or start again with --overwrite"
            )
    if refused:
        raise UsageError(*refused)
    body = own.model_dump(mode="json")
    return recipe_from_mapping(body | {"train": body["train"] | changes}), tuple(notes)


def _rescheduled(goes_on: GoesOn, training: Training) -> tuple[str, ...]:
    """That a schedule which ends with the epochs is another one with another number of them."""
    before = goes_on.state.checkpoint.recipe["train"]["epochs"]
    train = goes_on.recipe.train
    if train.schedule.kind != "cosine" or train.epochs == before:
        return ()
    lr = training.schedule.at(training.step, training.epoch)
    return (
        f"the cosine schedule fell to 0 over {before} epochs and now does over {train.epochs}: "
        f"lr {training.current_lr:.2g} becomes {lr:.2g}",
    )


def _done(training: Training) -> tuple[str, ...]:
    """What to do about a run in which nothing is left to train."""
    if training.best.is_final:
        return (
            f"nothing is left to train: {training.best.epochs_since} epochs without a better one; "
            "to go on, --set train.patience=null or a larger number, and enough train.epochs",
        )
    if training.finished:
        return (
            f"nothing is left to train: {training.epoch - 1} epochs are done; to go on, "
            "--set train.epochs=N with a larger number",
        )
    return ()


def _kept(key: str, old: Any, new: Any, origin: Origin) -> str:
    """The note on a setting of the run that its recipe's file does not have."""
    remedy = f"; --set {key}={_plain(new)} changes it" if key in MAY_CHANGE else ""
    return f"{key} is {_plain(old)}, as in the run so far; {origin.file} says {_plain(new)}{remedy}"


def _differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys of two resolved recipes whose values differ, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            where = f"{path}.{key}" if path else str(key)
            yield from _differences(before.get(key), now.get(key), where)
    elif before != now:
        yield path, before, now


def _plain(value: Any) -> str:
    """A value as a recipe has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _as_tensors(value: Any) -> Any:
    """Arrays of a checkpoint as tensors, in whatever they are nested."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, dict):
        return {key: _as_tensors(item) for key, item in value.items()}
    return [_as_tensors(item) for item in value] if isinstance(value, list) else value
