"""Train a recipe into a run folder."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from grucli.errors import CheckpointError, InterruptedRunError
from grucli.insight.normalisation import DeviationProbe
from grucli.insight.observers import weight_observers
from grucli.nn import available, kernel_words
from grucli.recipe import Recipe, dump_recipe
from grucli.results import Epoch, SplitName, Step, TrainingFinished, TrainingStarted
from grucli.runs.device import (
    Threads,
    choose_device,
    flushed_denormals,
    pick_threads,
    set_threads,
    use_kernel,
)
from grucli.runs.folder import RunFolder
from grucli.runs.memory import memory_watched
from grucli.runs.preparing import PreparedData
from grucli.runs.resuming import load_unfinished, restore_training
from grucli.runs.saving import Saver
from grucli.tasks import task_of
from grucli.training.flat import FlatParameters
from grucli.training.loop import fit, trial_step
from grucli.training.observers import Observer, Observers
from grucli.training.optimizers import build_optimizer
from grucli.training.progress import Training
from grucli.training.schedules import LearningRate
from grucli.weights import read_weights

SPANS: tuple[SplitName, ...] = ("train", "valid", "test")
Event = TrainingStarted | Step | Epoch | TrainingFinished


def train(
    recipe: Recipe,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    threads: Threads = None,
    stop: Callable[[], int | None] = lambda: None,
    observers: Sequence[Observer] = (),
) -> Iterator[Event]:
    """Train a recipe into a run folder (default ``runs/NAME``), yielding events on the way.

    ``stop`` is asked after every step; when it answers a signal's number the state is saved to
    last.pt and InterruptedRunError raised. Resuming continues bit for bit on the same device with
    the same number of threads, which is what ``threads`` auto takes then. ``observers`` watch the
    loop beside our own; their state is saved with that of training.
    """
    place = choose_device(device)
    use_kernel(recipe.train.kernel)
    folder = RunFolder(Path(run_dir) if run_dir is not None else Path("runs") / recipe.name)
    with folder.held(resume=resume, overwrite=overwrite), flushed_denormals():
        run = TrainingRun(recipe, folder, place, resume=resume, observers=observers)
        run.use_threads(threads)
        yield run.started()
        with run.guarded():
            for event in run.loop():
                yield event
                run.save_if_stopped(stop())
        yield run.finished()


class TrainingRun:
    """The data, the training state and the folder it is written to."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        device: str,
        *,
        resume: bool,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.recipe, self.folder, self.device = recipe, folder, device
        self.data = PreparedData.of(recipe, device=device)
        self.task, read = self.data.task, self.data.read
        self.samples = {split: read.samples(split) for split in SPANS}
        torch.manual_seed(recipe.train.seed)
        source = recipe.model.init.checkpoint
        initial = _trained_weights(source) if source is not None and not resume else None
        model = self.task.build_model(recipe, read.learned.facts, initial).to(device)
        self.model, trained_on = model, self.samples["train"]
        self.training = Training(
            model=model,
            optimizer=build_optimizer(recipe.train, FlatParameters(model)),
            schedule=LearningRate.of(recipe.train, samples=len(trained_on)),
            recipe=recipe.train,
            samples=len(trained_on),
        )
        self.objective = self.task.objective(model, read)
        deviations = DeviationProbe(model, trained_on)
        recorders = weight_observers(model, recipe.model.cell, write=folder.append)
        self.observers = Observers([*recorders, deviations, *observers])
        self.saver = Saver(
            folder,
            self.data,
            self.training,
            observers=self.observers,
            deviations=deviations,
            kernel=self.kernel,
        )
        self.threads_before: int | None = None
        self.kernel_before = self.kernel
        if resume:
            self._restore()
        else:
            folder.write_recipe(dump_recipe(recipe))

    @property
    def kernel(self) -> str:
        """What the recurrent layers are computed with."""
        native = self.device == "cpu" and self.recipe.model.cell != "lstm"
        return kernel_words() if native else "torch"

    def _kernel_notes(self) -> Iterator[str]:
        if not available():
            yield "the native kernel is not installed (no C++ compiler was found): torch is slower"
        if self.kernel != self.kernel_before:
            yield (
                f"kernel {self.kernel_before} before the stop, {self.kernel} now: the run goes on "
                "with other rounding"
            )

    def use_threads(self, threads: Threads) -> None:
        """Set the number of threads; ``auto`` is that of the run resumed, or what is measured."""
        if threads != "auto":
            set_threads(threads)
        elif self.threads_before is not None:
            set_threads(self.threads_before)
        elif self.device == "cpu":
            with memory_watched(self.training):
                pick_threads(lambda: trial_step(self.training, self.objective))

    def _restore(self) -> None:
        """Go on from last.pt, after a check that recipe and data are what they were."""
        saved = load_unfinished(self.folder.last, self.recipe, self.data.summary)
        self.threads_before = saved.progress["threads"]
        self.kernel_before = saved.progress["kernel"]
        restore_training(self.training, self.observers, saved)
        self.folder.rewind(epochs_done=self.training.epoch - 1, steps_done=self.training.step)

    def started(self) -> TrainingStarted:
        """What is about to happen, for the screen."""
        train, panel = self.recipe.train, self.data.read.panel
        counts = [p.numel() for p in self.training.model.parameters()]
        return TrainingStarted(
            recipe=self.recipe.name,
            run_dir=str(self.folder.path),
            model=model_words(self.recipe),
            samples_word=self.task.samples_word,
            parameters=sum(counts),
            device=self.device,
            threads=torch.get_num_threads(),
            kernel=self.kernel,
            seed=train.seed,
            rows=len(panel.values),
            columns=panel.columns.values,
            frequency=panel.frequency.words,
            train_windows=len(self.samples["train"]),
            valid_windows=len(self.samples["valid"]),
            test_windows=len(self.samples["test"]),
            epochs=train.epochs,
            steps_per_epoch=self.training.steps_per_epoch,
            start_epoch=self.training.epoch,
            notes=(*panel.notes, *self.data.read.notes, *self._kernel_notes()),
        )

    def loop(self) -> Iterator[Step | Epoch]:
        """The training loop with all that watches it and writes files."""
        return fit(self.training, self.objective, Observers([*self.observers, self.saver]))

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Keep the best weights however the block ends; say where memory ran out in it."""
        try:
            with memory_watched(self.training):
                yield
        finally:
            self.saver.save_best()

    def save_if_stopped(self, signal_number: int | None) -> None:
        """Save the whole state and raise InterruptedRunError where a signal asks for an end."""
        if signal_number is not None:
            self.saver.save_all()
            raise InterruptedRunError(
                f"stopped in epoch {self.training.epoch} after step {self.training.step}; "
                f"the state is in {self.folder.last}; go on with --resume",
                signal_number=signal_number,
            )

    def finished(self) -> TrainingFinished:
        """Score the best weights on the test span and close the run's books."""
        training = self.training
        self.model.load_state_dict(training.best.weights)
        scores = self.task.score(self.model, self.data.read, split="test")
        self.saver.save_scored(asdict(scores.model))
        event = TrainingFinished(
            reason="patience" if training.best.is_final else "epochs",
            run_dir=str(self.folder.path),
            best_path=str(self.folder.best),
            best_epoch=training.best.epoch,
            best_valid_loss=training.best.valid_loss,
            epochs=training.epoch - 1,
            steps=training.step,
            elapsed_seconds=training.elapsed_seconds,
            steps_per_second=training.step / max(training.elapsed_seconds, 1e-9),
            scores=scores,
        )
        self.folder.append(event)
        return event


def model_words(recipe: Recipe) -> str:
    """The model in words, such as ``gru, layer norm split, 2 × 64, direct decoder``."""
    model, rest = recipe.model, task_of(recipe).model_words(recipe)
    norm = "" if model.layer_norm == "none" else f", layer norm {model.layer_norm}"
    return f"{model.cell}{norm}, {model.layers} × {model.hidden}, {rest}"


def _trained_weights(path: str) -> dict[str, Any]:
    """Weights to begin from. Raises CheckpointError where they are those of another cell."""
    file = read_weights(path)
    if file.notes:
        raise CheckpointError(*(f"{path}: {note} Train from other weights." for note in file.notes))
    return dict(file.tensors)
