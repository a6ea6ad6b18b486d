"""What a forecaster learns to make smaller: its loss over the windows of two spans."""

from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.errors import DataError
from grucli.nn import Forecaster
from grucli.recipe import TrainRecipe
from grucli.tasks.forecast.batches import evaluation_batches
from grucli.tasks.forecast.losses import masked_mean_loss
from grucli.tasks.forecast.samples import Windows


@dataclass(frozen=True)
class ForecastObjective:
    """A ``grucli.training.objective.Objective`` whose samples are windows, in scaled units."""

    model: Forecaster
    recipe: TrainRecipe
    train: Windows
    valid: Windows

    def loss(self, samples: Tensor, *, epoch: int) -> tuple[Tensor, Tensor | float]:
        """Mean loss of the training windows at positions ``samples`` [B], and of how many values.

        Feeds the truth back as often as ``epoch``, counted from 1, asks for.
        """
        batch = self.train.gather(samples)
        forecast = self.model(batch.context, batch.target, self._teacher_forcing(epoch))
        return masked_mean_loss(self.recipe.loss, forecast, batch.target, weight=batch.weight)

    def _teacher_forcing(self, epoch: int) -> float:
        """Chance of feeding the truth back (Bengio et al. 2015, linear decay)."""
        chance = self.recipe.teacher_forcing
        if not self.recipe.scheduled_sampling:
            return chance
        return chance * max(0.0, 1.0 - (epoch - 1) / max(1, self.recipe.epochs - 1))

    @torch.inference_mode()
    def validation_loss(self) -> float:
        """Mean loss of the present weights over all validation windows.

        Raises DataError where none of their targets was measured.
        """
        self.model.eval()
        total, count = 0.0, 0.0
        for rows in evaluation_batches(self.valid, self.model.width):
            batch = self.valid.gather(rows)
            loss, observed = masked_mean_loss(
                self.recipe.loss, self.model(batch.context), batch.target, weight=batch.weight
            )
            total += float(loss) * float(observed)
            count += float(observed)
        if count == 0:
            raise DataError(
                "the validation span holds no measured value of any target; expected some; "
                "change data.split"
            )
        return total / count
