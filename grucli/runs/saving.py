"""The checkpoints of a run in training: what is in them, and when they are written."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from grucli.checkpoint import Checkpoint, save_checkpoint
from grucli.insight.normalisation import DeviationProbe
from grucli.results import Epoch, Snapshot, TrainingFinished, WeightRecord
from grucli.runs.folder import RunFolder
from grucli.runs.preparing import PreparedData
from grucli.runs.states import save_state
from grucli.training.observers import Observer, Observers
from grucli.training.progress import Training


@dataclass(frozen=True)
class Refit:
    """What is trained once more on all rows, and what is kept of the model that was judged.

    ``epochs`` are those that validation chose, ``valid_loss``, ``scores`` and ``calibration`` those
    of that model: what was trained on the validation span is no measure of it.
    """

    epochs: int
    valid_loss: float
    scores: Mapping[str, Any] | None
    calibration: Mapping[str, Any] | None


SAVE_SECONDS = 1.0
"""Epochs shorter than this are saved together: to write and sync two files can take longer than
to train one, and what a killed process loses is trained again in that time."""


class Saver(Observer):
    """Writes the logs, best.pt, the weights of the best epoch, and last.pt, to go on from.

    The two after the first epoch, then every second at most, at the end, and when asked; always
    after the lines of the logs that they build on, so that none of these can be missing. It comes
    after the ``observers`` whose state it saves with that of training.
    """

    name = "saver"

    def __init__(
        self,
        folder: RunFolder,
        data: PreparedData,
        training: Training,
        *,
        observers: Observers,
        deviations: DeviationProbe,
        kernel: str,
        refit: Refit | None = None,
    ) -> None:
        self.folder, self.data, self.training, self.kernel = folder, data, training, kernel
        self.observers, self.deviations = observers, deviations
        self.refit = refit
        self.best_is_new = False
        self.saved_at = float("-inf")

    def epoch(self, training: Training, epoch: Epoch) -> Epoch:
        """Note what an epoch came to, and save it where it is time."""
        self.best_is_new |= epoch.is_best
        self.append(epoch)
        if training.finished or time.monotonic() - self.saved_at >= SAVE_SECONDS:
            self.save_all()
        return epoch

    def append(self, event: Epoch | TrainingFinished | WeightRecord | Snapshot) -> None:
        """Add a line to the log that keeps such events."""
        self.folder.append(event)

    def save_all(self) -> None:
        """Write the state of this moment, and the best weights where they have changed."""
        self.folder.sync_logs()
        self.save_best()
        model = self.training.model
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        state = self.training.state_dict() | {"observers": self.observers.state_dict()}
        save_state(self._checkpoint(weights, state=state), self.folder)
        self.folder = self.folder.moved_in()
        self.saved_at = time.monotonic()

    def save_best(self) -> None:
        """Write the best weights where they have changed."""
        if self.best_is_new:
            save_checkpoint(self._checkpoint(self.training.best.weights), self.folder.best)
        self.best_is_new = False

    def save_scored(
        self,
        scores: Mapping[str, Any] | None,
        calibration: Mapping[str, Any] | None,
        others: Sequence[Training] = (),
    ) -> None:
        """Write the best weights, which the model has now, with their scores if they have any, and
        what their intervals are made of; beside them the best weights of models of other seeds.
        """
        self.deviations.measure()
        weights = self.training.best.weights
        checkpoint = self._checkpoint(weights, scores=scores, calibration=calibration)
        if others:
            seeds = [seed_loss(training) for training in (self.training, *others)]
            checkpoint = replace(
                checkpoint,
                members=[training.best.weights for training in others],
                progress={**checkpoint.progress, "seeds": seeds},
            )
        save_checkpoint(checkpoint, self.folder.best)

    def _checkpoint(
        self,
        weights: Mapping[str, torch.Tensor],
        *,
        state: Mapping[str, Any] | None = None,
        scores: Mapping[str, Any] | None = None,
        calibration: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        progress = {
            "epoch": self.training.epoch - 1,
            "step": self.training.step,
            "best_epoch": self.training.best.epoch,
            "best_valid_loss": self.training.best.valid_loss,
            "threads": torch.get_num_threads(),
            "kernel": self.kernel,
            "processes": self.training.ranks.size,
            "test_scores": scores,
        }
        if self.refit is not None:
            progress |= {
                "best_valid_loss": self.refit.valid_loss,
                "test_scores": self.refit.scores,
                "refit": {"epochs": self.refit.epochs},
            }
        return self.data.checkpoint(
            weights,
            progress,
            state,
            deviations=self.deviations.found,
            calibration=calibration,
        )


def seed_loss(training: Training) -> dict[str, Any]:
    """What is kept of one of several models: its seed, and how good its best epoch was."""
    best = training.best
    return {
        "seed": training.recipe.seed,
        "best_epoch": best.epoch,
        "best_valid_loss": best.valid_loss,
    }
