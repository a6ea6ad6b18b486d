"""What every model around a recurrent stack shares: how its weights begin."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from grucli.errors import CheckpointError
from grucli.nn.initialise import copy_matrices, initialise
from grucli.nn.stack import Recurrent


class RecurrentModel(nn.Module):
    """A stack in ``recurrent``, and other modules beside it that can draw their weights anew."""

    recurrent: Recurrent

    def initialise(
        self,
        *,
        input_hidden: str = "uniform",
        hidden_hidden: str = "uniform",
        chrono_steps: int | None = None,
        gain: float = 1.0,
    ) -> None:
        """Draw all weights anew, the stack as ``grucli.nn.initialise`` does; its errors too."""
        initialise(
            self.recurrent,
            input_hidden=input_hidden,
            hidden_hidden=hidden_hidden,
            chrono_steps=chrono_steps,
            gain=gain,
        )
        for module in self.children():
            if module is not self.recurrent:
                module.reset_parameters()  # type: ignore[operator]

    @torch.no_grad()
    def copy_weights(self, weights: Mapping[str, Any], matrices: Sequence[str] = ()) -> None:
        """Begin from trained weights: the named matrices of the stack, or everything there is.

        Without names the other modules are copied too as far as ``weights`` has them. Raises
        RecipeError and CheckpointError as ``grucli.nn.copy_matrices`` does.
        """
        stack = {id(parameter) for parameter in self.recurrent.parameters()}
        shared = {
            name: value
            for name, value in self.named_parameters()
            if id(value) not in stack and name in weights and not matrices
        }
        problems = [
            f"{name}: trained with shape {tuple(weights[name].shape)}; this model expects "
            f"{tuple(value.shape)}; name the matrices to copy and leave the "
            f"{name.partition('.')[0]} out"
            for name, value in shared.items()
            if tuple(weights[name].shape) != tuple(value.shape)
        ]
        if problems:
            raise CheckpointError(*problems)
        copy_matrices(self.recurrent, weights, matrices)
        for name, value in shared.items():
            value.copy_(torch.as_tensor(weights[name]))
