"""What a model of sequences learns to make smaller, over those of two parts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.nn import SequenceModel
from grucli.tasks.batch_words import batch_words
from grucli.tasks.batches import first_not_finite, validation_losses
from grucli.tasks.sequences.samples import Sequences

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor | float]]
"""Of outputs and truth: the mean loss, and of how many values."""


@dataclass(frozen=True)
class SequenceObjective:
    """A ``grucli.training.objective.Objective`` whose samples are sequences.

    ``noise`` is the standard deviation of what training adds to scaled inputs that are numbers.
    """

    model: SequenceModel
    of: Loss
    noise: float
    train: Sequences
    valid: Sequences

    @property
    def is_replayable(self) -> bool:
        """Not: the lengths of a batch decide what is computed."""
        return False

    def gather(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Values, lengths and truth of the training sequences at positions ``samples`` [B]."""
        return *self.train.inputs(samples), self.train.truth(samples)

    def loss(
        self, batch: tuple[Tensor, Tensor, Tensor], *, epoch: int
    ) -> tuple[Tensor, Tensor | float]:
        """Mean loss of a batch of sequences, and what they count."""
        values_BTC, lengths_B, truth = batch
        if self.noise > 0:
            noise_BTC = self.noise * torch.randn_like(values_BTC)
            values_BTC = values_BTC + noise_BTC * self.model.categories.is_number(values_BTC)
        return self.of(self.model(values_BTC, lengths_B), truth)

    def words(self, samples: Tensor) -> str:
        """Names, times and columns of the training sequences at positions ``samples`` [B]."""
        return _words_of(self.train, samples)

    def validation_words(self) -> str:
        """The same of the first validation sequence whose loss is not finite."""
        return _words_of(self.valid, first_not_finite(self.model, self.valid, self._validate))

    def validation(self, *, part: int = 0, parts: int = 1) -> Iterator[tuple[float, float]]:
        """Mean loss of the present weights and what the sequences count, batch by batch."""
        return validation_losses(self.model, self.valid, self._validate, part=part, parts=parts)

    def _validate(self, rows: Tensor) -> tuple[Tensor, Tensor | float]:
        return self.of(self.model(*self.valid.inputs(rows)), self.valid.truth(rows))


def _words_of(sequences: Sequences, index: Tensor) -> str:
    first_B, lengths_B = sequences.first[index], sequences.lengths[index]
    return batch_words(sequences.data, first_B, first_B + lengths_B)
