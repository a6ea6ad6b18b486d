"""A checkpoint opened for use: with its recipe, its model, and a table that it can read."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grucli.checkpoint import Checkpoint, load_checkpoint
from grucli.data import Frequency, Panel, scaler_from_plain, unseen_texts
from grucli.errors import CheckpointError, DataError, RecipeError, UsageError
from grucli.forms import check_form
from grucli.nn import ensemble_of, precision_problem
from grucli.recipe import Recipe, recipe_from_mapping
from grucli.results import SplitName
from grucli.runs.checkpoints import checkpoint_in
from grucli.runs.device import use_kernel
from grucli.runs.tables import NOTHING, read_judged, read_panel
from grucli.tasks import Learned, Task, task_of
from grucli.weights import member_weights


@dataclass(frozen=True, eq=False)
class Opened:
    """What a checkpoint holds, and the model that it makes."""

    path: str
    saved: Checkpoint
    recipe: Recipe
    task: Task[Any, Any]
    learned: Learned
    frequency: Frequency
    model: Any
    member: int | None = field(default=None, kw_only=True)
    members: int = field(default=1, kw_only=True)
    """``member`` says which of several models of ``train.seeds`` it is, from 1; None where it is
    all there are.
    """

    @property
    def labels(self) -> dict[str, Any]:
        """Its file, and which of several models it is, by the names that reports have for them."""
        return {"checkpoint": self.path, "member": self.member, "members": self.members}

    @property
    def notes(self) -> tuple[str, ...]:
        """That several models answer as one, and how far apart they are; that they compute in
        another precision than the one they were trained in.
        """
        notes: tuple[str, ...] = ()
        seeds = self.saved.progress.get("seeds", ())
        if self.saved.members and seeds:
            losses = " ".join(f"{one['best_valid_loss']:.4g}" for one in seeds)
            notes += (
                f"the mean of {len(seeds)} models, seeds {seeds[0]['seed']} to "
                f"{seeds[-1]['seed']}, with validation losses {losses}",
            )
        trained = recipe_of(self.saved, self.path).model.precision
        if trained != self.recipe.model.precision:
            notes += (f"trained in {trained}, computed in float32: {precision_problem(trained)}",)
        return notes


@dataclass(frozen=True, eq=False)
class OpenedTable(Opened):
    """The same beside a table, as the task reads it."""

    data: Any

    @property
    def panel(self) -> Panel:
        """The table."""
        panel: Panel = self.data.panel
        return panel


def open_checkpoint(path: str | Path) -> Opened:
    """Load a checkpoint, or that of a run folder, and make its model.

    Raises CheckpointError where they do not agree.
    """
    path = checkpoint_in(path)
    return open_saved(load_checkpoint(path), path)


def open_member(path: str | Path, member: int | None = None) -> Opened:
    """The same of one of the models of ``train.seeds`` alone, from 1 (default: the first).

    Raises UsageError for a model that there is not.
    """
    path = checkpoint_in(path)
    saved = load_checkpoint(path)
    models = (saved.weights, *saved.members)
    weights = member_weights(str(path), models, member)
    opened = open_saved(replace(saved, weights=weights, members=()), path, is_float32=True)
    return opened if len(models) == 1 else replace(opened, member=member or 1, members=len(models))


def open_saved(saved: Checkpoint, path: str | Path, *, is_float32: bool = False) -> Opened:
    """The same of what a file at ``path`` held.

    The model computes in the precision that it was trained in where the processor has it, and in
    float32 elsewhere, or where ``is_float32`` says so: for what shows or writes down equations.
    """
    use_kernel("auto")
    recipe = recipe_of(saved, path)
    if is_float32 or precision_problem(recipe.model.precision):
        model = recipe.model.model_copy(update={"precision": "float32"})
        recipe = recipe.model_copy(update={"model": model})
    task = task_of(recipe)
    with _named(path):
        check_form(task.facts_form(recipe), saved.task["facts"], "task.facts")
        learned = Learned(scaler_from_plain(saved.scaler), saved.task["facts"])
        if saved.calibration is not None:
            check_form(task.calibration_form(recipe), saved.calibration, "calibration")
        trained = Frequency.from_plain(saved.frequency)
        _check_categories(recipe, learned)
    models = [
        task.restore_model(recipe, learned, weights, source=str(path))
        for weights in (saved.weights, *saved.members)
    ]
    return Opened(str(path), saved, recipe, task, learned, trained, ensemble_of(models))


def _check_categories(recipe: Recipe, learned: Learned) -> None:
    named, kept = recipe.data.columns.categories, learned.scaler.vocabularies
    if sorted(named) != sorted(kept):
        raise CheckpointError(
            f"scaler: texts of {', '.join(kept) or 'no column'}; its recipe has the categories "
            f"{', '.join(named) or 'none'}; the file was changed"
        )


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    """Put the file's name before what is wrong with a part of it."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(*(f"{path}: {problem}" for problem in error.problems)) from None


def open_forecaster(path: str | Path, *, verb: str) -> Opened:
    """The same for a verb that shows forecasts. Raises UsageError for a model of another task."""
    opened = open_checkpoint(path)
    refuse_other_tasks(opened, verb=verb)
    return opened


def refuse_other_tasks(opened: Opened, *, verb: str) -> None:
    """Raise UsageError for a model of another task than the forecast that a verb is about."""
    if opened.task.kind != "forecast":
        raise UsageError(
            f"{opened.path}: {verb} shows how a forecast is made, and this model was trained with "
            f"task.kind {opened.task.kind}; try eval, predict or inspect-weights"
        )


def open_table(
    path: str | Path, data: str | bytes | None = None, *, judged: SplitName | None = None
) -> OpenedTable:
    """Load a checkpoint and a table for it (default: the recipe's own).

    ``data`` is a path, ``-`` or the bytes of a CSV; ``judged`` names the part whose truth is read
    too. Raises CheckpointError and DataError.
    """
    return with_table(open_checkpoint(path), data, judged=judged)


def with_table(
    opened: Opened, data: str | bytes | None = None, *, judged: SplitName | None = None
) -> OpenedTable:
    """An opened checkpoint beside a table. Raises DataError for one that it cannot read."""
    return with_panel(opened, _panel(opened, data, judged=judged))


def with_panel(opened: Opened, panel: Panel) -> OpenedTable:
    """An opened checkpoint beside a table that was read before."""
    with _named(opened.path):
        read = opened.task.prepare(opened.recipe, panel, device="cpu", learned=opened.learned)
    return OpenedTable(**{**vars(opened), "data": read})


def _panel(opened: Opened, data: str | bytes | None, *, judged: SplitName | None) -> Panel:
    """The table, checked against what the model was trained on."""
    trained = opened.frequency
    if data is None:
        _check_own_table(opened)
    asked: dict[str, Any] = {"expected": trained, "known": opened.learned.scaler.vocabularies}
    if judged is not None and data is None:
        panel = read_judged(opened.recipe, **asked)
    else:
        columns = NOTHING if judged is None else opened.task.judged_columns(opened.recipe, judged)
        panel = read_panel(opened.recipe.data, data, judged=columns, **asked)
    if panel.frequency != trained:
        raise DataError(
            f"{panel.source}: rows are {panel.frequency.words}; the model was trained on "
            f"{trained.words}; resample the table"
        )
    return replace(panel, notes=(*panel.notes, *unseen_texts(panel, opened.learned.scaler)))


def _check_own_table(opened: Opened) -> None:
    """Raise CheckpointError where a checkpoint names what is no file: that could have no end."""
    data = opened.recipe.data
    for path in (data.path, data.split.test):
        if not isinstance(path, str):
            continue
        try:
            mode = Path(path).stat().st_mode
        except (OSError, ValueError):
            continue  # the reader says what is wrong with it
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise CheckpointError(
                f"{opened.path}: its recipe's table is {path}, a device or a pipe; expected a "
                "file; give the table behind the checkpoint"
            )


def recipe_of(checkpoint: Checkpoint, path: str | Path) -> Recipe:
    """The recipe in a checkpoint. Raises CheckpointError where this grucli cannot read it."""
    try:
        recipe = recipe_from_mapping(checkpoint.recipe, source=f"{path}: recipe")
    except RecipeError as error:
        raise CheckpointError(*error.problems) from error
    return recipe.with_categories(recipe.data.columns.categories)
