"""What is about to be trained, for the screen."""

from collections.abc import Iterator

import torch

from grucli.nn import available
from grucli.nn.cuda import can_compile
from grucli.results import TrainingStarted
from grucli.runs.setting_up import model_words
from grucli.runs.training_run import TrainingRun
from grucli.text import plural


def started(run: TrainingRun) -> TrainingStarted:
    """The first event of a run: what is trained, on what, and where it goes."""
    train, panel = run.recipe.train, run.data.read.panel
    return TrainingStarted(
        recipe=run.recipe.name,
        run_dir=str(run.home.path),
        model=model_words(run.recipe),
        samples_word=run.task.samples_word,
        parameters=run.setup.parameters,
        device=run.device,
        threads=torch.get_num_threads(),
        kernel=run.kernel,
        seed=train.seed,
        rows=len(panel.values),
        columns=panel.columns.values,
        frequency=panel.frequency.words,
        train_windows=len(run.samples["train"]),
        valid_windows=len(run.samples["valid"]),
        test_windows=len(run.samples.get("test", ())),
        epochs=train.epochs if run.refit is None else run.refit.epochs,
        steps_per_epoch=run.training.steps_per_epoch,
        start_epoch=run.training.epoch,
        notes=(
            *_own_notes(run),
            *run.notes,
            *panel.notes,
            *run.data.read.notes,
            *_kernel_notes(run),
            *_process_notes(run),
        ),
    )


def _own_notes(run: TrainingRun) -> Iterator[str]:
    if run.member is not None:
        yield f"model {run.member.number} of {run.member.count}"
    if run.refit is not None:
        epochs = plural(run.refit.epochs, "epoch")
        yield f"once more on all rows, for the {epochs} that validation chose"


def _kernel_notes(run: TrainingRun) -> Iterator[str]:
    if run.device == "cpu" and not available():
        yield "the native kernel is not installed (it could not be compiled): torch is slower"
    if run.device == "cuda" and run.kernel == "torch" and not can_compile():
        yield (
            "Triton, which comes with torch, compiles nothing here (it needs a C compiler, and a "
            "device of compute capability 8.0): torch is slower"
        )
    if run.kernel != run.kernel_before:
        yield (
            f"kernel {run.kernel_before} before the stop, {run.kernel} now: the run goes on with "
            "other rounding"
        )


def _process_notes(run: TrainingRun) -> Iterator[str]:
    now, before = run.training.ranks.size, run.processes_before
    if now > 1:
        yield f"{now} processes, each with its part of every batch"
    if now != before:
        yield (
            f"{plural(before, 'process', 'processes')} before the stop, {now} now: the run goes on "
            "with other rounding, and other draws where the recipe has dropout or noise"
        )
