"""What training makes smaller: the loss of a task, which alone knows its samples and its model."""

from typing import Protocol

from torch import Tensor


class Objective(Protocol):
    """A loss over samples to learn from, and over others that are kept apart."""

    def loss(self, samples: Tensor, *, epoch: int) -> tuple[Tensor, Tensor | float]:
        """Mean loss of the training samples at positions ``samples`` [B], and of how many values.

        The loss has a graph to the parameters; ``epoch`` counts from 1.
        """
        ...

    def validation_loss(self) -> float:
        """Mean loss of the present weights over all validation samples, without a graph."""
        ...
