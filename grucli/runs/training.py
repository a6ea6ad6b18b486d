"""Train a recipe into a run folder."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grucli import __version__, build
from grucli.checkpoint import Checkpoint, load_checkpoint, recipe_of, save_checkpoint
from grucli.engine.evaluation import Scale
from grucli.engine.fit import fit, trial_step
from grucli.engine.metrics import naive_in_sample_mae
from grucli.engine.schedules import LearningRate
from grucli.engine.season import infer_season
from grucli.engine.training import Training
from grucli.errors import InterruptedRunError, TrainingError, UsageError
from grucli.nn import FlatParameters, available, kernel_words
from grucli.recipe import Recipe, dump_recipe
from grucli.reports import (
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
from grucli.runs.scoring import score_model
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
        self.panel = build.build_panel_of(recipe.data)
        self.dataset = build.build_dataset(recipe, self.panel, device=device)
        self.season = recipe.task.season or self._infer_season()
        self.scale = self._scale()
        torch.manual_seed(recipe.train.seed)
        source = recipe.model.init.checkpoint
        initial = read_weights(source).tensors if source is not None and not resume else None
        model = build.build_forecaster(recipe, initial).to(device)
        self.training = Training(
            model=model,
            optimizer=build.build_optimizer(recipe.train, FlatParameters(model)),
            schedule=self._schedule(),
            recipe=recipe.train,
            cell=recipe.model.cell,
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
            pick_threads(lambda: trial_step(self.training, self.dataset.train))

    def _infer_season(self) -> int | None:
        span = self.dataset.split.train
        series = self.panel.values[span.start : span.stop, 0]
        return infer_season(series, self.panel.frequency.calendar_season)

    def _scale(self) -> Scale:
        """What errors are compared with: the training span alone."""
        targets, span = len(self.recipe.data.target), self.dataset.split.train
        rows = slice(span.start, span.stop)
        values, observed = self.panel.values[rows, :targets], self.panel.observed[rows, :targets]
        naive_mae = naive_in_sample_mae(values, observed, self.season)
        return Scale.of(self.dataset.scaler, naive_mae)

    def _schedule(self) -> LearningRate:
        train = self.recipe.train
        schedule = train.schedule
        steps = -(-len(self.dataset.train) // train.batch_size) * train.epochs
        return LearningRate(
            kind=schedule.kind,
            base=train.lr,
            total_steps=steps,
            warmup_steps=schedule.warmup_steps,
            every_epochs=schedule.every_epochs,
            factor=schedule.factor,
            patience_epochs=schedule.patience_epochs,
        )

    def _restore(self) -> None:
        """Go on from last.pt, after a check that recipe and data are what they were."""
        path = self.folder.last
        saved = load_checkpoint(path)
        if saved.training is None:
            raise UsageError(f"{path}: holds no training state; start again with --overwrite")
        before, now = recipe_of(saved, path), self.recipe
        changed = [
            f"{path}: {key} was {old!r} and is now {new!r}; resume with the recipe as it was "
            "(train.epochs and train.patience may change) or start again with --overwrite"
            for key, old, new in _differences(before.model_dump(), now.model_dump())
            if key not in ("train.epochs", "train.patience")
        ]
        if saved.data["sha256"] != self._data["sha256"]:
            changed.append(
                f"{self.recipe.data.path}: the table has changed since {path} was written; "
                "resume with the table as it was or start again with --overwrite"
            )
        if changed:
            raise UsageError(*changed)
        self.threads_before = saved.progress["threads"]
        self.kernel_before = saved.progress["kernel"]
        model = self.training.model
        model.load_state_dict({k: torch.from_numpy(v) for k, v in saved.weights.items()})
        self.training.load_state_dict(_as_tensors(saved.training))
        self.folder.rewind(epochs_done=self.training.epoch - 1, steps_done=self.training.step)

    def started(self) -> TrainingStarted:
        """What is about to happen, for the screen."""
        train = self.recipe.train
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
            rows=len(self.panel.values),
            columns=self.panel.columns,
            frequency=self.panel.frequency.words,
            train_windows=len(self.dataset.train),
            valid_windows=len(self.dataset.valid),
            test_windows=len(self.dataset.test),
            epochs=train.epochs,
            steps_per_epoch=self.training.steps_per_epoch(len(self.dataset.train)),
            start_epoch=self.training.epoch,
            notes=(*self.panel.notes, *self._kernel_notes()),
        )

    def events(self, stop: Callable[[], int | None]) -> Iterator[Step | Epoch]:
        """Train; save best.pt when it gets better and last.pt at every epoch and on a stop."""
        try:
            for event in fit(self.training, self.dataset.train, self.dataset.valid):
                if isinstance(event, WeightRecord | Snapshot):
                    self.folder.append(event)
                    continue
                if isinstance(event, Epoch):
                    self._keep(event)
                yield event
                signal_number = stop()
                if signal_number is not None:
                    self.save_last()
                    raise InterruptedRunError(
                        f"stopped in epoch {self.training.epoch} after step {self.training.step}; "
                        f"the state is in {self.folder.last}; go on with --resume",
                        signal_number=signal_number,
                    )
        except (MemoryError, RuntimeError) as error:
            if "allocate" not in str(error) and not isinstance(error, MemoryError):
                raise
            raise TrainingError(
                f"out of memory at step {self.training.step + 1}: {str(error).splitlines()[0]}; "
                "try train.recompute_steps or train.tbptt_steps, or a smaller train.batch_size"
            ) from error

    def _keep(self, epoch: Epoch) -> None:
        if epoch.is_best:
            save_checkpoint(self._checkpoint(self.training.best_weights), self.folder.best)
        self.save_last()
        self.folder.append(epoch)

    def save_last(self) -> None:
        """Write the state from which --resume goes on."""
        model = self.training.model
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        state = self.training.state_dict()
        save_checkpoint(self._checkpoint(weights, training=state), self.folder.last)

    def finished(self) -> TrainingFinished:
        """Score the best weights on the test span and close the run's books."""
        training = self.training
        training.model.load_state_dict(training.best_weights)
        scores = score_model(
            training.model,
            self.dataset,
            self.recipe,
            scale=self.scale,
            season=self.season,
            split="test",
        )
        checkpoint = self._checkpoint(training.best_weights, scores=asdict(scores.model))
        save_checkpoint(checkpoint, self.folder.best)
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

    @property
    def _data(self) -> dict[str, Any]:
        """The training table in short, so that a resumed run can see whether it changed."""
        digest = hashlib.sha256(self.panel.values.tobytes())
        digest.update(self.panel.observed.tobytes())
        digest.update(self.panel.timestamps.tobytes())
        return {
            "path": self.recipe.data.path,
            "rows": len(self.panel.values),
            "sha256": digest.hexdigest(),
        }

    def _checkpoint(
        self,
        weights: dict[str, torch.Tensor],
        *,
        training: dict[str, Any] | None = None,
        scores: dict[str, Any] | None = None,
    ) -> Checkpoint:
        state = self.training
        return Checkpoint(
            recipe=self.recipe.model_dump(mode="json"),
            time=self.panel.time,
            columns=list(self.panel.columns),
            frequency=self.panel.frequency.to_plain(),
            scaler=self.dataset.scaler.to_plain(),
            season_steps=self.season,
            naive_mae=[float(value) for value in self.scale.naive_mae],
            data=self._data,
            weights=weights,
            progress={
                "epoch": state.epoch - 1,
                "step": state.step,
                "best_epoch": state.best_epoch,
                "best_valid_loss": state.best_valid_loss,
                "threads": torch.get_num_threads(),
                "kernel": self.kernel,
                "test_scores": scores,
            },
            versions={"grucli": __version__, "torch": str(torch.__version__)},
            training=training,
        )


def model_words(recipe: Recipe) -> str:
    """The model in words, such as ``gru, layer norm split, 2 × 64, direct decoder``."""
    model = recipe.model
    norm = "" if model.layer_norm == "none" else f", layer norm {model.layer_norm}"
    return f"{model.cell}{norm}, {model.layers} × {model.hidden}, {model.decoder} decoder"


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
