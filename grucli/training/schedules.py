"""The learning rate at every step: warm-up, then constant, cosine, step or plateau."""

import math
from dataclasses import dataclass
from typing import Any

from grucli.recipe import TrainRecipe


@dataclass
class LearningRate:
    """A schedule as a function of progress; only ``plateau`` remembers anything.

    ``base`` is the recipe's lr. Warm-up rises linearly over the first ``warmup_steps`` optimiser
    steps. cosine falls to zero at the last of ``total_steps`` (Loshchilov & Hutter 2017, eq. 5,
    one cycle); step multiplies by ``factor`` every ``every_epochs``; plateau multiplies by
    ``factor`` whenever the validation loss has not improved for ``patience_epochs`` epochs.
    """

    kind: str
    base: float
    total_steps: int
    warmup_steps: int = 0
    every_epochs: int = 10
    factor: float = 0.5
    patience_epochs: int = 2
    plateau_scale: float = 1.0
    plateau_best: float = math.inf
    plateau_bad_epochs: int = 0

    @classmethod
    def of(cls, train: TrainRecipe, *, samples: int) -> "LearningRate":
        """That of a recipe that trains on so many samples."""
        schedule = train.schedule
        return cls(
            kind=schedule.kind,
            base=train.lr,
            total_steps=math.ceil(samples / train.batch_size) * train.epochs,
            warmup_steps=schedule.warmup_steps,
            every_epochs=schedule.every_epochs,
            factor=schedule.factor,
            patience_epochs=schedule.patience_epochs,
        )

    def at(self, step: int, epoch: int) -> float:
        """Learning rate of optimiser step ``step`` (from 0) in epoch ``epoch`` (from 1)."""
        if step < self.warmup_steps:
            return self.base * (step + 1) / self.warmup_steps
        if self.kind == "cosine":
            span = max(1, self.total_steps - self.warmup_steps)
            progress = min(1.0, (step - self.warmup_steps) / span)
            return self.base * 0.5 * (1.0 + math.cos(math.pi * progress))
        if self.kind == "step":
            return self.base * float(self.factor ** ((epoch - 1) // self.every_epochs))
        return self.base * self.plateau_scale

    def observe(self, valid_loss: float) -> None:
        """Tell the schedule the validation loss at the end of an epoch."""
        if self.kind != "plateau":
            return
        if valid_loss < self.plateau_best:
            self.plateau_best, self.plateau_bad_epochs = valid_loss, 0
            return
        self.plateau_bad_epochs += 1
        if self.plateau_bad_epochs > self.patience_epochs:
            self.plateau_scale *= self.factor
            self.plateau_bad_epochs = 0

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        return {
            "plateau_scale": self.plateau_scale,
            "plateau_best": self.plateau_best,
            "plateau_bad_epochs": self.plateau_bad_epochs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that ``state_dict`` gave."""
        self.plateau_scale = float(state["plateau_scale"])
        self.plateau_best = float(state["plateau_best"])
        self.plateau_bad_epochs = int(state["plateau_bad_epochs"])
