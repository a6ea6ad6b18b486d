"""What training makes smaller: the loss of a task, which alone knows its samples and its model."""

from collections.abc import Iterator
from typing import Any, Protocol

from grucli.tensors import Tensor


class Objective(Protocol):
    """A loss over samples to learn from, and over others that are kept apart."""

    @property
    def is_replayable(self) -> bool:
        """Whether the loss of batches of the same shapes makes the same calls on a device, and
        waits for none of them.
        """
        ...

    def gather(self, samples: Tensor) -> Any:
        """The training samples at positions ``samples`` [B]: a tuple of tensors, or None for one
        that there is not; a named tuple where they are replayable.
        """
        ...

    def loss(self, batch: Any, *, epoch: int) -> tuple[Tensor, Tensor | float]:
        """Mean loss of what was gathered, and of how many values.

        The loss has a graph to the parameters; ``epoch`` counts from 1.
        """
        ...

    def words(self, samples: Tensor) -> str:
        """Where the training samples at positions ``samples`` [B] come from, for an error."""
        ...

    def validation_words(self) -> str:
        """Where the first validation sample comes from whose loss is not finite, for an error."""
        ...

    def validation(self, *, part: int = 0, parts: int = 1) -> Iterator[tuple[float, float]]:
        """Mean loss of the present weights and number of values, one validation batch at a time.

        Of several ``parts`` each takes every so many-th batch.
        """
        ...
