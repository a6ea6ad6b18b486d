"""Everything a training run remembers between two steps, and how it is saved and restored."""

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from grucli.recipe import TrainRecipe
from grucli.training.averaging import Average
from grucli.training.best import Best
from grucli.training.flat import FlatParameters
from grucli.training.optimizers import Optimizer
from grucli.training.ranks import Ranks
from grucli.training.replay import Replay
from grucli.training.schedules import LearningRate
from grucli.training.totals import EpochTotals

EPOCH_SEED_STRIDE = 1_000_003
"""Prime distance between the shuffling seeds of two recipes' seeds: epochs do not overlap."""
STATE_VERSION = 3
"""Version of the saved state of training: 1 had the states of torch's optimiser classes, 2 the
record of the weights among what is the loop's own."""


@dataclass
class Training:
    """A model on its way: optimiser, schedule, progress and the best weights so far.

    ``optimizer`` works on the flat ``parameters`` of the model, which learns from so many
    ``samples``. ``epoch`` counts from 1, ``step`` counts optimiser steps of the whole run,
    ``step_in_epoch`` those of the present epoch that are done. A run of ``refit_epochs`` ends after
    these, by the schedule of the whole, and keeps its last weights. ``ranks`` are the processes
    that compute it. ``skipped`` of the steps were left out. ``replay`` computes batches of the same
    shape faster where that is on CUDA.
    """

    model: nn.Module
    optimizer: Optimizer
    schedule: LearningRate
    recipe: TrainRecipe
    samples: int
    refit_epochs: int | None = None
    ranks: Ranks = field(default_factory=Ranks)
    epoch: int = 1
    step: int = 0
    step_in_epoch: int = 0
    elapsed_seconds: float = 0.0
    current_lr: float = 0.0
    skipped: int = 0
    replay: Replay = field(default_factory=Replay)
    totals: EpochTotals = field(default_factory=EpochTotals)

    def __post_init__(self) -> None:
        is_refit = self.refit_epochs is not None
        self.best = Best(None if is_refit else self.recipe.patience, takes_last=is_refit)
        self.average: Average | None = None
        if self.recipe.average == "ema":
            self.average = Average(self.parameters, decay=self.recipe.average_decay)

    @property
    def parameters(self) -> FlatParameters:
        """What is learned, as one vector."""
        return self.optimizer.parameters

    @property
    def finished(self) -> bool:
        """True when all epochs are done or the patience is used up."""
        return self.epoch > (self.refit_epochs or self.recipe.epochs) or self.best.is_final

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in one pass over the samples; the last batch may be smaller."""
        return math.ceil(self.samples / self.recipe.batch_size)

    @property
    def ends_epoch(self) -> bool:
        """Whether the step to come is the last of its epoch."""
        return self.step_in_epoch + 1 == self.steps_per_epoch

    @property
    def clip_limit(self) -> float:
        """The longest gradient that is taken as it is."""
        return math.inf if self.recipe.clip is None else self.recipe.clip

    def remaining_batches(self) -> Iterator[Tensor]:
        """Shuffled sample positions of the present epoch, without the batches already done."""
        generator = torch.Generator().manual_seed(self.recipe.seed * EPOCH_SEED_STRIDE + self.epoch)
        order = torch.randperm(self.samples, generator=generator)
        yield from torch.split(order, self.recipe.batch_size)[self.step_in_epoch :]

    def set_learning_rate(self) -> float:
        """Give the optimiser the learning rate of the step to come."""
        self.current_lr = self.optimizer.lr = self.schedule.at(self.step, self.epoch)
        return self.current_lr

    def advance(self) -> None:
        """Count the optimiser step that was just made, and take its weights into the average."""
        if self.average is not None:
            self.average.update()
        self.step += 1
        self.step_in_epoch += 1

    @property
    def may_skip(self) -> bool:
        """Whether the step to come may be left out; an epoch of such steps alone has no loss."""
        is_last_hope = self.ends_epoch and self.totals.steps == 0
        return self.skipped < self.recipe.skip_not_finite and not is_last_hope

    def skip(self) -> None:
        """Count a step that is left out: weights, their average and the optimiser stay."""
        self.skipped += 1
        self.step += 1
        self.step_in_epoch += 1

    def judged(self) -> AbstractContextManager[None]:
        """The model with the weights that are validated and kept: the average, where there is one.

        A block must not end in an event: what is saved between two events are the learned weights.
        """
        return nullcontext() if self.average is None else self.average.applied()

    def observe_validation(self, valid_loss: float) -> bool:
        """Close the epoch: keep the weights if they are the best so far, and say whether."""
        with self.judged():
            weights = self.model.state_dict()
            is_best = self.best.observe(valid_loss, epoch=self.epoch, weights=weights)
        self.schedule.observe(valid_loss)
        self.epoch += 1
        self.step_in_epoch = 0
        self.totals = EpochTotals()
        return is_best

    _PROGRESS = ("epoch", "step", "step_in_epoch", "elapsed_seconds", "current_lr")

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors from which ``load_state_dict`` continues bit for bit."""
        average = {} if self.average is None else {"average": self.average.state_dict()}
        skipped = {"skipped": self.skipped} if self.skipped else {}
        return {
            **average,
            **skipped,
            "version": STATE_VERSION,
            "progress": {name: getattr(self, name) for name in self._PROGRESS},
            "totals": self.totals.state_dict(),
            "best": self.best.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of ``state_dict``; the model's weights are loaded apart."""
        for name in self._PROGRESS:
            setattr(self, name, state["progress"][name])
        self.skipped = state.get("skipped", 0)
        self.totals = EpochTotals(**state["totals"])
        self.best.load_state_dict(state["best"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        torch.set_rng_state(state["rng"])
        if state["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda_rng"])
