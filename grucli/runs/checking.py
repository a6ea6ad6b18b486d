"""What ``train`` would do with a recipe, and all that it would refuse, without training."""

import math
import sys

import torch

from grucli.errors import DataError, TrainingError
from grucli.recipe import Recipe
from grucli.results import RecipeCheck, SpanCheck
from grucli.runs.device import flushed_denormals, set_threads
from grucli.runs.folder import RunFolder
from grucli.runs.memory import memory_watched
from grucli.runs.pace import thread_limit_lifted
from grucli.runs.placing import batch_seconds, placed
from grucli.runs.setting_up import SetUp, model_words

_KIB = 1024


def check(recipe: Recipe, *, device: str = "auto", threads: int | None = None) -> RecipeCheck:
    """Read the table of a recipe, cut it, make its model, and run a batch forward and backward.

    Nothing is written and nothing learned. Raises the errors that training would begin with, a
    TrainingError where the gradient of the first batch is not finite or memory runs out.
    """
    set_threads(threads)
    with flushed_denormals(), thread_limit_lifted():
        run = SetUp.of(recipe, placed(recipe, device, threads=threads))
        with memory_watched(run.training):
            seconds = batch_seconds(run)
        _check_gradient(run)
        _check_validation(run)
        return _report(run, seconds)


def _check_gradient(run: SetUp) -> None:
    norm = float(run.training.parameters.gradient_norm())
    if not math.isfinite(norm):
        raise TrainingError(
            f"the gradient of the first batch is {norm:g}; expected a finite one; try "
            "data.scale: standard, or look for extreme values in the training span"
        )


def _check_validation(run: SetUp) -> None:
    """Raise DataError, as training does, where nothing in the validation span was measured."""
    if not any(values > 0 for _, values in run.objective.validation()):
        raise DataError(
            "the validation span holds no measured value of any target; expected some; "
            "change data.split"
        )


def _report(run: SetUp, seconds: float) -> RecipeCheck:
    recipe, training, read = run.recipe, run.training, run.data.read
    panel = read.panel
    notes = [*panel.notes, *read.notes]
    folder = RunFolder.named(recipe.name)
    if folder.has_state:
        notes.append(f"{folder.path} holds a run: train needs --overwrite, --resume or --run-dir")
    epoch_seconds = seconds * training.steps_per_epoch
    return RecipeCheck(
        recipe=recipe.name,
        model=model_words(recipe),
        parameters=run.parameters,
        device=run.device,
        threads=torch.get_num_threads(),
        kernel=run.kernel,
        table=panel.source,
        rows=len(panel.values),
        series=panel.series,
        columns=panel.columns.values,
        frequency=panel.frequency.words,
        samples_word=run.data.task.samples_word,
        spans=tuple(
            SpanCheck(split, len(samples), *(read.extent(split) or (None, None)))
            for split, samples in run.samples.items()
        ),
        epochs=recipe.train.epochs,
        steps_per_epoch=training.steps_per_epoch,
        batch_seconds=seconds,
        epoch_seconds=epoch_seconds,
        total_seconds=epoch_seconds * recipe.train.epochs,
        memory_bytes=_memory(run.device),
        notes=tuple(notes),
    )


def _memory(device: str) -> int | None:
    """The most that was held so far: of the device, or of this process; None on Windows."""
    if device != "cpu":
        return torch.cuda.max_memory_allocated()
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
