"""What every model around a recurrent stack shares: how the stack is made and its weights begin."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from grucli.cells import GRU
from grucli.errors import CheckpointError
from grucli.nn.arguments import check_choice
from grucli.nn.categories import Categories
from grucli.nn.cells import MODULES
from grucli.nn.initialise import copy_matrices, initialise
from grucli.nn.stack import Recurrent
from grucli.tensors import Tensor, nn, torch

HIDDEN = 64
"""Units of a stack unless it is told otherwise."""


class StackOptions(TypedDict, total=False):
    """What a model is told of its stack.

    ``cell`` is a gru and ``hidden`` ``HIDDEN`` units unless they are given. ``dropout`` acts
    between layers; what it does beside the stack is the model's. The rest is what ``Recurrent``
    takes. ``recompute_steps``: keep the state of every so many steps and run the steps between
    again for the gradient; None keeps all steps.
    """

    cell: str
    hidden: int
    layers: int
    bidirectional: bool
    dropout: float
    layer_norm: str
    eps: float | None
    norm_bias: bool
    precision: str
    activation: str | None
    recompute_steps: int | None


class RecurrentModel(nn.Module):
    """A stack in ``recurrent``, and other modules beside it that can draw their weights anew.

    ``categories`` has the vectors of texts.
    """

    recurrent: Recurrent
    categories: Categories
    dropout: float
    is_independent = False
    """Whether each target column goes through the stack on its own."""

    @property
    def rows_per_step(self) -> int:
        """Rows of a table that one step of the stack reads."""
        return 1

    def normalised(self, values_BTC: Tensor) -> Tensor:
        """What is read as the stack is given it."""
        return self.categories.read(values_BTC)

    def _add_stack(
        self,
        input_size: int,
        *,
        cell: str = GRU.name,
        hidden: int = HIDDEN,
        layers: int = 1,
        dropout: float = 0.0,
        **settings: Any,
    ) -> None:
        """Make the stack, batch first. Raises ValueError for an unknown cell."""
        check_choice("cell", cell, tuple(MODULES))
        self.dropout = dropout
        between = dropout if layers > 1 else 0.0
        self.recurrent = MODULES[cell](
            input_size, hidden, layers, batch_first=True, dropout=between, **settings
        )

    @property
    def outputs(self) -> int:
        """Values that the stack gives at each step: its units, of both directions side by side."""
        return self.recurrent.hidden_size * self.recurrent.directions

    @property
    def width(self) -> int:
        """Values of a sample's step where it is widest: its columns, or the outputs of a layer."""
        return max(self.recurrent.input_size, self.outputs)

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
