"""The mean of the weights along the way, which is often better than the last of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from grucli.training.flat import FlatParameters

WARM_UP_STEPS = 10
"""Early means forget faster, so that the first weights, drawn at random, leave no trace."""


class Average:
    """An exponential moving average of flat parameters: m <- d m + (1 - d) w after every step.

    d is the smaller of ``decay`` and (1 + steps) / (10 + steps) (Polyak & Juditsky 1992 for
    averages along the way; the warm-up as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, parameters: FlatParameters, *, decay: float) -> None:
        """Begin with the parameters as they are."""
        self.parameters, self.decay, self.steps = parameters, decay, 0
        self.mean = parameters.values.clone()

    def update(self) -> None:
        """Take in the weights that the step just made has left."""
        decay = min(self.decay, (1 + self.steps) / (WARM_UP_STEPS + self.steps))
        self.mean.lerp_(self.parameters.values, 1 - decay)
        self.steps += 1

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the model the mean for as long as the block runs."""
        own = self.parameters.values.clone()
        self.parameters.values.copy_(self.mean)
        try:
            yield
        finally:
            self.parameters.values.copy_(own)

    def state_dict(self) -> dict[str, Tensor | int]:
        """What a resumed run needs."""
        return {"mean": self.mean, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Tensor | int]) -> None:
        """Continue from a state of ``state_dict``."""
        self.mean.copy_(torch.as_tensor(state["mean"]))
        self.steps = int(state["steps"])
