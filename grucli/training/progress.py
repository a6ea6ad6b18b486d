"""Everything a training run remembers between two steps, and how it is saved and restored."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from grucli.insight.gate_updates import GroupUpdates, StepProbe, gate_groups
from grucli.insight.record import WeightRecorder
from grucli.insight.snapshots import take_snapshot
from grucli.nn import Forecaster
from grucli.recipe import TrainRecipe
from grucli.results import GateUpdate, Snapshot, WeightRecord
from grucli.training.flat import FlatParameters
from grucli.training.optimizers import Optimizer
from grucli.training.schedules import LearningRate

EPOCH_SEED_STRIDE = 1_000_003
"""Prime distance between the shuffling seeds of two recipes' seeds: epochs do not overlap."""
STATE_VERSION = 2
"""Version of what ``Training.state_dict`` gives; 1 had the states of torch's optimiser classes."""


@dataclass
class EpochTotals:
    """Sums over the steps of one epoch."""

    loss: float = 0.0
    values: float = 0.0
    norm: float = 0.0
    clipped: int = 0
    steps: int = 0
    gates: tuple[GateUpdate, ...] = ()

    def add(self, loss: float, count: float, norm: float, limit: float) -> None:
        """Add one step: its mean loss, number of values and gradient norm before clipping."""
        self.loss += loss * count
        self.values += count
        self.norm += norm
        self.clipped += norm > limit
        self.steps += 1

    @property
    def mean_loss(self) -> float:
        """Mean loss over the values seen."""
        return self.loss / max(self.values, 1.0)

    @property
    def mean_gradient_norm(self) -> float:
        """Mean global gradient norm over the steps."""
        return self.norm / max(self.steps, 1)

    @property
    def clipped_share(self) -> float:
        """Share of the steps of an epoch whose gradient was shortened.

        Formula: share of steps with |dL/d all weights| > train.clip

        Tells: how often the size of a step was set by train.clip and not by the gradient.

        Misleads: with Adam, which divides by the size of past gradients, clipping every step by
        much the same factor changes little.

        At the start: not measured at step 0.

        Source: Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063.
        """
        return self.clipped / max(self.steps, 1)

    def state_dict(self) -> dict[str, Any]:
        """The sums as plain numbers."""
        return asdict(self) | {"gates": [asdict(gate) for gate in self.gates]}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "EpochTotals":
        """The sums that ``state_dict`` gave."""
        gates = tuple(GateUpdate(**gate) for gate in state["gates"])
        return cls(**(state | {"gates": gates}))


@dataclass
class Training:
    """A model on its way: optimiser, schedule, progress and the best weights so far.

    ``optimizer`` works on the flat ``parameters`` of the model.
    ``epoch`` counts from 1, ``step`` counts optimiser steps of the whole run, ``step_in_epoch``
    those of the present epoch that are done. ``recorder`` writes down how weights are learned from
    those that the model has now; it changes nothing that is learned, and None leaves it out.
    """

    model: Forecaster
    optimizer: Optimizer
    schedule: LearningRate
    recipe: TrainRecipe
    cell: str
    epoch: int = 1
    step: int = 0
    step_in_epoch: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf
    epochs_since_best: int = 0
    elapsed_seconds: float = 0.0
    current_lr: float = 0.0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    totals: EpochTotals = field(default_factory=EpochTotals)

    def __post_init__(self) -> None:
        self.groups = gate_groups(self.model, self.cell)
        self.recorder: WeightRecorder | None = WeightRecorder(self.model, self.cell)

    @property
    def parameters(self) -> FlatParameters:
        """What is learned, as one vector."""
        return self.optimizer.parameters

    @property
    def finished(self) -> bool:
        """True when all epochs are done or the patience is used up."""
        return self.epoch > self.recipe.epochs or self.stopped_early

    @property
    def stopped_early(self) -> bool:
        """True when the validation loss has not improved for ``patience`` epochs."""
        patience = self.recipe.patience
        return patience is not None and self.epochs_since_best >= patience

    @property
    def patience_left(self) -> int | None:
        """Epochs without improvement that are still allowed; None when stopping early is off."""
        patience = self.recipe.patience
        return None if patience is None else max(0, patience - self.epochs_since_best)

    def steps_per_epoch(self, windows: int) -> int:
        """Optimiser steps in one pass over ``windows`` windows; the last batch may be smaller."""
        return math.ceil(windows / self.recipe.batch_size)

    def remaining_batches(self, windows: int) -> Iterator[Tensor]:
        """Shuffled window positions of the present epoch, without the batches already done."""
        generator = torch.Generator().manual_seed(self.recipe.seed * EPOCH_SEED_STRIDE + self.epoch)
        order = torch.randperm(windows, generator=generator)
        yield from torch.split(order, self.recipe.batch_size)[self.step_in_epoch :]

    def set_learning_rate(self) -> float:
        """Give the optimiser the learning rate of the step to come."""
        self.current_lr = self.optimizer.lr = self.schedule.at(self.step, self.epoch)
        return self.current_lr

    def teacher_forcing(self) -> float:
        """Chance of feeding the truth back in this epoch (Bengio et al. 2015, linear decay)."""
        chance = self.recipe.teacher_forcing
        if not self.recipe.scheduled_sampling:
            return chance
        return chance * max(0.0, 1.0 - (self.epoch - 1) / max(1, self.recipe.epochs - 1))

    def advance(self) -> None:
        """Count the optimiser step that was just made."""
        self.step += 1
        self.step_in_epoch += 1

    def begin_record(self) -> Sequence[WeightRecord | Snapshot]:
        """The record of the initialisation, at the start of a run."""
        if self.recorder is None or self.step > 0:
            return ()
        return (self.recorder.begin(), *self.recorder.snapshots(step=0, epoch=0))

    def is_recorded(self, ends_epoch: bool, windows: int) -> bool:
        """Whether the step to come, the last of its epoch if ``ends_epoch``, is recorded."""
        return self.recorder is not None and self.recorder.wants(
            self.step + 1,
            ended_epoch=self.epoch if ends_epoch else None,
            steps_per_epoch=self.steps_per_epoch(windows),
        )

    def end_record(self, windows: int) -> Sequence[WeightRecord | Snapshot]:
        """The record of the weights that training ended with, and the best ones themselves."""
        if self.recorder is None:
            return ()
        epochs, steps = self.epoch - 1, self.steps_per_epoch(windows)
        best = take_snapshot(
            self.best_weights,
            cell=self.cell,
            step=self.best_epoch * steps,
            epoch=self.best_epoch,
            is_best=True,
        )
        if self.recorder.wants(self.step, ended_epoch=epochs, steps_per_epoch=steps):
            return (best,)
        return self.recorder.end(step=self.step, epoch=epochs), best

    def probes(self) -> list[StepProbe]:
        """What must be known before a step to say how it moved the weights."""
        return [StepProbe.take(group) for group in self.groups]

    def record(
        self, updates: Sequence[GroupUpdates], loss: float
    ) -> Sequence[WeightRecord | Snapshot]:
        """Write down what the step just made did to the weights."""
        assert self.recorder is not None
        record = self.recorder.record(
            updates,
            step=self.step,
            epoch=self.epoch,
            loss=loss,
            lr=self.current_lr,
            clipped=self.totals.clipped_share,
        )
        return (record, *self.recorder.snapshots(step=self.step, epoch=self.epoch))

    def observe_validation(self, valid_loss: float) -> bool:
        """Close the epoch: keep the weights if they are the best so far, and say whether."""
        is_best = valid_loss < self.best_valid_loss
        if is_best:
            self.best_valid_loss, self.best_epoch = valid_loss, self.epoch
            self.epochs_since_best = 0
            state = self.model.state_dict()
            self.best_weights = {name: value.detach().clone() for name, value in state.items()}
        else:
            self.epochs_since_best += 1
        self.schedule.observe(valid_loss)
        self.epoch += 1
        self.step_in_epoch = 0
        self.totals = EpochTotals()
        return is_best

    _PROGRESS = (
        "epoch",
        "step",
        "step_in_epoch",
        "best_epoch",
        "best_valid_loss",
        "epochs_since_best",
        "elapsed_seconds",
        "current_lr",
    )

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors from which ``load_state_dict`` continues bit for bit."""
        return {
            "version": STATE_VERSION,
            "progress": {name: getattr(self, name) for name in self._PROGRESS},
            "totals": self.totals.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best_weights": self.best_weights,
            "record": None if self.recorder is None else self.recorder.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state of ``state_dict``; the model's weights are loaded apart."""
        for name in self._PROGRESS:
            setattr(self, name, state["progress"][name])
        self.totals = EpochTotals.from_state(state["totals"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.best_weights = dict(state["best_weights"])
        if self.recorder is not None:
            self.recorder.load_state_dict(state["record"])
        torch.set_rng_state(state["rng"])
        if state["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda_rng"])
