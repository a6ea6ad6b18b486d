"""What a classifier learns to make smaller: its loss over the sequences of two parts."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.nn import SequenceModel
from grucli.recipe import ClassifyRecipe
from grucli.tasks.batches import validation_losses
from grucli.tasks.classify.losses import cross_entropy
from grucli.tasks.classify.samples import Sequences


@dataclass(frozen=True)
class ClassifyObjective:
    """A ``grucli.training.objective.Objective`` whose samples are sequences.

    ``weights_K`` is what a sequence of each class counts, None is 1.
    """

    model: SequenceModel
    recipe: ClassifyRecipe
    weights_K: Tensor | None
    train: Sequences
    valid: Sequences

    def loss(self, samples: Tensor, *, epoch: int) -> tuple[Tensor, Tensor | float]:
        """Mean loss of the training sequences at positions ``samples`` [B], and what they count."""
        values_BTC, lengths_B = self.train.inputs(samples)
        if self.recipe.noise > 0:
            values_BTC = values_BTC + self.recipe.noise * torch.randn_like(values_BTC)
        return self._of(self.model(values_BTC, lengths_B), self.train.truth(samples))

    def validation(self) -> Iterator[tuple[float, float]]:
        """Mean loss of the present weights and what the sequences count, batch by batch."""
        return validation_losses(self.model, self.valid, self._validate)

    def _validate(self, rows: Tensor) -> tuple[Tensor, Tensor | float]:
        return self._of(self.model(*self.valid.inputs(rows)), self.valid.truth(rows))

    def _of(self, logits_BK: Tensor, truth_B: Tensor) -> tuple[Tensor, Tensor | float]:
        smoothing = self.recipe.label_smoothing
        return cross_entropy(logits_BK, truth_B, weights_K=self.weights_K, smoothing=smoothing)
