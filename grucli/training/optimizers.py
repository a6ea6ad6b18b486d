"""Optimisers over all parameters of a model at once, in torch's fused or grouped form.

The update rules are torch's own functions; the classes around them cost more time in a small
model's step than the update does, and bring torch's compiler into memory.
"""

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from grucli.recipe import TrainRecipe
from grucli.training.flat import FlatParameters

OPTIMIZERS = {
    "adam": ("mean", "square"),
    "adamw": ("mean", "square"),
    "rmsprop": ("momentum", "square"),
    "sgd": ("momentum",),
}
"""Name -> the vectors beside the parameters that it remembers between two steps."""


class Optimizer:
    """Moves the values of flat parameters by their gradient; set ``lr`` before each step.

    adam is Kingma & Ba 2015, algorithm 1, with betas 0.9 and 0.999; adamw decouples the weight
    decay (Loshchilov & Hutter 2019, algorithm 2), the others add it to the gradient; rmsprop has
    alpha 0.99; sgd may have Nesterov's momentum. eps is 1e-8.
    """

    def __init__(
        self,
        kind: str,
        parameters: FlatParameters,
        *,
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        """Begin with memories of zero. Raises ValueError for a kind that does not exist."""
        if kind not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise ValueError(f"optimizer: {kind!r} is unknown; expected one of {known}")
        self.kind, self.parameters, self.lr = kind, parameters, lr
        self.weight_decay, self.momentum, self.nesterov = weight_decay, momentum, nesterov
        self._memory = {name: torch.zeros_like(parameters.values) for name in OPTIMIZERS[kind]}
        self._memory["steps"] = parameters.values.new_zeros(())

    def step(self) -> None:
        """Update the values by the gradient as it is now."""
        {"adam": self._adam, "adamw": self._adam, "rmsprop": self._rmsprop, "sgd": self._sgd}[
            self.kind
        ]()

    def _adam(self) -> None:
        memory = self._memory
        adam(
            [self.parameters.values],
            [self.parameters.gradient],
            [memory["mean"]],
            [memory["square"]],
            [],
            [memory["steps"]],
            fused=True,
            decoupled_weight_decay=self.kind == "adamw",
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )

    def _rmsprop(self) -> None:
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

    def _sgd(self) -> None:
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

    def state_dict(self) -> dict[str, Tensor]:
        """What the next step depends on, besides the parameters."""
        return dict(self._memory)

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from a state that ``state_dict`` gave."""
        for name, memory in self._memory.items():
            memory.copy_(state[name])


def build_optimizer(train: TrainRecipe, parameters: FlatParameters) -> Optimizer:
    """The optimiser of a recipe."""
    return Optimizer(
        train.optimizer,
        parameters,
        lr=train.lr,
        weight_decay=train.weight_decay,
        momentum=train.momentum,
        nesterov=train.nesterov,
    )
