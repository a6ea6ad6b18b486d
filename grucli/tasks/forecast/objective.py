"""What a forecaster learns to make smaller: its loss over the windows of two spans."""

from collections.abc import Iterator
from dataclasses import dataclass

from grucli.nn import Forecaster
from grucli.nn.heads import Distribution, Point
from grucli.recipe import TrainRecipe
from grucli.tasks.batch_words import batch_words
from grucli.tasks.batches import first_not_finite, validation_losses
from grucli.tasks.forecast.samples import Batch, Windows
from grucli.tasks.losses import masked_mean, masked_mean_loss
from grucli.tensors import Tensor


@dataclass(frozen=True)
class ForecastObjective:
    """A ``grucli.training.objective.Objective`` whose samples are windows, in scaled units."""

    model: Forecaster
    recipe: TrainRecipe
    train: Windows
    valid: Windows

    @property
    def is_replayable(self) -> bool:
        """As long as no chance decides what is fed back, and no states are computed again."""
        return self.recipe.teacher_forcing == 0 and self.recipe.recompute_steps is None

    def gather(self, samples: Tensor) -> Batch:
        """The training windows at positions ``samples`` [B]."""
        return self.train.gather(samples)

    def loss(self, batch: Batch, *, epoch: int) -> tuple[Tensor, Tensor | float]:
        """Mean loss of a batch of windows, and of how many values.

        Feeds the truth back as often as ``epoch``, counted from 1, asks for.
        """
        forcing = self._teacher_forcing(epoch)
        made = self.model.distribution(batch.context, batch.future, batch.target, forcing)
        return self._of(batch, made)

    def words(self, samples: Tensor) -> str:
        """Series, times and columns of the training windows at positions ``samples`` [B]."""
        return _words_of(self.train, samples)

    def validation_words(self) -> str:
        """The same of the first validation window whose loss is not finite."""
        return _words_of(self.valid, first_not_finite(self.model, self.valid, self._validate))

    def _teacher_forcing(self, epoch: int) -> float:
        """Chance of feeding the truth back (Bengio et al. 2015, linear decay)."""
        chance = self.recipe.teacher_forcing
        if not self.recipe.scheduled_sampling:
            return chance
        return chance * max(0.0, 1.0 - (epoch - 1) / max(1, self.recipe.epochs - 1))

    def validation(self, *, part: int = 0, parts: int = 1) -> Iterator[tuple[float, float]]:
        """Mean loss of the present weights and number of values, batch by batch of windows."""
        return validation_losses(self.model, self.valid, self._validate, part=part, parts=parts)

    def _validate(self, rows: Tensor) -> tuple[Tensor, Tensor | float]:
        batch = self.valid.gather(rows)
        return self._of(batch, self.model.distribution(batch.context, batch.future))

    def _of(self, batch: Batch, made: Distribution) -> tuple[Tensor, Tensor | float]:
        target = batch.target
        if self.recipe.loss_units == "window":
            units = self.model.window_units(batch.context)
            made, target = made.mapped(units.apply), units.apply(target)
        return mean_loss(self.recipe.loss, made, target, weight=batch.weight)


def _words_of(windows: Windows, index: Tensor) -> str:
    first_B = windows.samples.starts(index)
    steps = windows.context_steps + windows.horizon_steps
    return batch_words(windows.data, first_B, first_B + steps)


def mean_loss(
    kind: str, made: Distribution, target: Tensor, *, weight: Tensor | None
) -> tuple[Tensor, Tensor | float]:
    """The mean loss of a forecast and how many values it is of: of one number the ``kind`` that
    ``masked_mean_loss`` knows, of others their own.
    """
    if isinstance(made, Point):
        return masked_mean_loss(kind, made.point, target, weight=weight)
    return masked_mean(made.losses(target), weight=weight)
