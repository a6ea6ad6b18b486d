"""Optimisers over all parameters of a model at once, in torch's fused or grouped form.

The update rules are torch's own functions; the classes around them cost more time in a small
model's step than the update does, and bring torch's compiler into memory.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from grucli.recipe import TrainRecipe
from grucli.training.flat import FlatParameters


class Optimizer(ABC):
    """Moves the values of flat parameters by their gradient; set ``lr`` before each step.

    Weight decay is added to the gradient; in AdamW weights decay by themselves, and only those of
    matrices: gains and biases have no scale to hold down. eps is 1e-8.
    """

    memories: ClassVar[tuple[str, ...]]
    """The vectors beside the parameters that it remembers between two steps."""

    def __init__(
        self,
        parameters: FlatParameters,
        *,
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        """Begin with memories of zero."""
        self.parameters, self.lr = parameters, lr
        self.weight_decay, self.momentum, self.nesterov = weight_decay, momentum, nesterov
        self._memory = {name: torch.zeros_like(parameters.values) for name in self.memories}
        self._memory["steps"] = parameters.values.new_zeros(())

    @abstractmethod
    def step(self) -> None:
        """Update the values by the gradient as it is now."""

    def state_dict(self) -> dict[str, Tensor]:
        """What the next step depends on, besides the parameters."""
        return dict(self._memory)

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from a state that ``state_dict`` gave."""
        for name, memory in self._memory.items():
            memory.copy_(state[name])


class Adam(Optimizer):
    """Kingma & Ba 2015, algorithm 1, with betas 0.9 and 0.999."""

    memories = ("mean", "square")
    decouples_decay = False

    def step(self) -> None:
        """One update by torch's function of that name."""
        memory = self._memory
        if self.decouples_decay and self.weight_decay > 0:
            matrices = [p.detach() for p in self.parameters.parameters if p.dim() > 1]
            torch._foreach_mul_(matrices, 1 - self.lr * self.weight_decay)
        adam(
            [self.parameters.values],
            [self.parameters.gradient],
            [memory["mean"]],
            [memory["square"]],
            [],
            [memory["steps"]],
            fused=True,
            decoupled_weight_decay=False,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.lr,
            weight_decay=0.0 if self.decouples_decay else self.weight_decay,
            eps=1e-8,
            maximize=False,
        )


class AdamW(Adam):
    """Loshchilov & Hutter 2019, algorithm 2: weights decay by themselves, here those of matrices.

    A gain, whose use is to differ from 1, would be drawn to 0 also where its gradient is 0.
    """

    decouples_decay = True


class RMSprop(Optimizer):
    """Hinton's, lecture 6e of 2012, with alpha 0.99."""

    memories = ("momentum", "square")

    def step(self) -> None:
        """One update by torch's function of that name."""
        memory = self._memory
        rmsprop(
            [self.parameters.values],
            [self.parameters.gradient],
            [memory["square"]],
            [],
            [memory["momentum"]],
            [memory["steps"]],
            foreach=True,
            lr=self.lr,
            alpha=0.99,
            eps=1e-8,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            centered=False,
        )


class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov's where they are asked for."""

    memories = ("momentum",)

    def step(self) -> None:
        """One update by torch's function of that name."""
        sgd(
            [self.parameters.values],
            [self.parameters.gradient],
            [self._memory["momentum"] if self.momentum > 0 else None],
            fused=True,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=self.lr,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "sgd": SGD,
}
"""Name in the recipe -> optimiser."""


def build_optimizer(train: TrainRecipe, parameters: FlatParameters) -> Optimizer:
    """The optimiser of a recipe."""
    return OPTIMIZERS[train.optimizer](
        parameters,
        lr=train.lr,
        weight_decay=train.weight_decay,
        momentum=train.momentum,
        nesterov=train.nesterov,
    )
