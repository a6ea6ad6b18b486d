"""Train a recipe into a run folder."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from grucli import build
from grucli.cells import CELLS
from grucli.errors import CheckpointError, InterruptedRunError
from grucli.nn import available, kernel_words
from grucli.nn.kernel_problem import knows
from grucli.recipe import Recipe, dump_recipe
from grucli.results import (
    Epoch,
    Snapshot,
    Step,
    TrainingFinished,
    TrainingStarted,
    WeightRecord,
)
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
from grucli.runs.scoring import score_model
from grucli.training.flat import FlatParameters
from grucli.training.loop import fit, trial_step
from grucli.training.progress import Training
from grucli.training.schedules import LearningRate
from grucli.weights import read_weights

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
) -> Iterator[Event]:
    """Train a recipe into a run folder (default ``runs/NAME``), yielding events on the way.

    ``stop`` is asked after every step; when it answers a signal's number the state is saved to
    last.pt and InterruptedRunError raised. Resuming continues bit for bit on the same device with
    the same number of threads, which is what ``threads`` auto takes then.
    """
    place = choose_device(device)
    use_kernel(recipe.train.kernel)
    folder = RunFolder(Path(run_dir) if run_dir is not None else Path("runs") / recipe.name)
    with folder.held(resume=resume, overwrite=overwrite), flushed_denormals():
        run = TrainingRun(recipe, folder, place, resume=resume)
        run.use_threads(threads)
        yield run.started()
        yield from run.events(stop)
        yield run.finished()


class TrainingRun:
    """The data, the training state and the folder it is written to."""

    def __init__(self, recipe: Recipe, folder: RunFolder, device: str, *, resume: bool) -> None:
        self.recipe, self.folder, self.device = recipe, folder, device
        self.data = PreparedData.of(recipe, device=device)
        self.dataset = self.data.dataset
        torch.manual_seed(recipe.train.seed)
        source = recipe.model.init.checkpoint
        initial = _trained_weights(source) if source is not None and not resume else None
        model = build.build_forecaster(recipe, initial).to(device)
        self.training = Training(
            model=model,
            optimizer=build.build_optimizer(recipe.train, FlatParameters(model)),
            schedule=LearningRate.of(recipe.train, windows=len(self.dataset.train)),
            recipe=recipe.train,
            cell=recipe.model.cell,
        )
        self.saver = Saver(folder, self.data, self.training, kernel=self.kernel)
        self.threads_before: int | None = None
        self.kernel_before = self.kernel
        if resume:
            self._restore()
        else:
            folder.write_recipe(dump_recipe(recipe))

    @property
    def kernel(self) -> str:
        """What the recurrent layers are computed with."""
        is_native = self.device == "cpu" and knows(self.training.model.recurrent.rule)
        return kernel_words() if is_native else "torch"

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
                pick_threads(lambda: trial_step(self.training, self.dataset.train))

    def _restore(self) -> None:
        """Go on from last.pt, after a check that recipe and data are what they were."""
        saved = load_unfinished(self.folder.last, self.recipe, self.data.summary)
        self.threads_before = saved.progress["threads"]
        self.kernel_before = saved.progress["kernel"]
        restore_training(self.training, saved)
        self.saver.probe.found = {name: dict(kept) for name, kept in saved.deviations.items()}
        self.folder.rewind(epochs_done=self.training.epoch - 1, steps_done=self.training.step)

    def started(self) -> TrainingStarted:
        """What is about to happen, for the screen."""
        train, panel = self.recipe.train, self.data.panel
        counts = [p.numel() for p in self.training.model.parameters()]
        return TrainingStarted(
            recipe=self.recipe.name,
            run_dir=str(self.folder.path),
            model=model_words(self.recipe),
            parameters=sum(counts),
            device=self.device,
            threads=torch.get_num_threads(),
            kernel=self.kernel,
            seed=train.seed,
            rows=len(panel.values),
            columns=panel.columns,
            frequency=panel.frequency.words,
            train_windows=len(self.dataset.train),
            valid_windows=len(self.dataset.valid),
            test_windows=len(self.dataset.test),
            epochs=train.epochs,
            steps_per_epoch=self.training.steps_per_epoch(len(self.dataset.train)),
            start_epoch=self.training.epoch,
            notes=(*panel.notes, *self._kernel_notes()),
        )

    def events(self, stop: Callable[[], int | None]) -> Iterator[Step | Epoch]:
        """Train, and write on the way what ``Saver`` is for, the whole state on a stop."""
        try:
            with memory_watched(self.training):
                yield from self._events(stop)
        finally:
            self.saver.save_best()

    def _events(self, stop: Callable[[], int | None]) -> Iterator[Step | Epoch]:
        for event in fit(self.training, self.dataset.train, self.dataset.valid):
            if isinstance(event, WeightRecord | Snapshot):
                self.folder.append(event)
                continue
            if isinstance(event, Epoch):
                self.saver.close_epoch(event)
            yield event
            signal_number = stop()
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
        training.model.load_state_dict(training.best_weights)
        scores = score_model(
            training.model,
            self.dataset.test,
            self.recipe,
            yardstick=self.data.yardstick,
            split="test",
            fit_on=(self.dataset.train, self.dataset.valid),
        )
        self.saver.save_scored(asdict(scores.model))
        event = TrainingFinished(
            reason="patience" if training.stopped_early else "epochs",
            run_dir=str(self.folder.path),
            best_path=str(self.folder.best),
            best_epoch=training.best_epoch,
            best_valid_loss=training.best_valid_loss,
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
    model = recipe.model
    norm = "" if model.layer_norm == "none" else f", layer norm {model.layer_norm}"
    usual = CELLS[model.cell].activation.name
    cell = model.cell if model.activation == usual else f"{model.cell} with {model.activation}"
    return f"{cell}{norm}, {model.layers} × {model.hidden}, {model.decoder} decoder"


def _trained_weights(path: str) -> dict[str, Any]:
    """Weights to begin from. Raises CheckpointError where they are those of another cell."""
    file = read_weights(path)
    if file.notes:
        raise CheckpointError(*(f"{path}: {note} Train from other weights." for note in file.notes))
    return dict(file.tensors)
