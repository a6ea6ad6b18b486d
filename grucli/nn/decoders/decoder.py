"""What every decoder has: a linear layer that turns hidden states into values of the horizon.

Suffixes: B batch, T context steps, K horizon steps, C columns, H hidden, S steps of the stack.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from grucli.nn.decoders.rows import Ahead, Plan, Row
from grucli.nn.stack import Recurrent
from grucli.nn.states import State
from grucli.tensors import Tensor, functional, nn


class Decoder(nn.Linear, ABC):
    """How a stack reads a context, and how its last state becomes a forecast.

    As a linear layer [values, H] it holds what is read of a hidden state. A subclass may have
    parameters beside it.
    """

    goes_on: ClassVar[bool] = False
    """Whether the stack goes on from its last state, which a second direction does not have."""

    feeds_back: ClassVar[bool] = False
    """Whether forecasts are read as inputs, beside which every other column must be known."""

    def __init__(self, plan: Plan) -> None:
        """Draw the linear layer as torch does."""
        super().__init__(plan.hidden, self.values(plan))
        self.row, self.horizon, self.dropout = plan.row, plan.horizon, plan.dropout

    def reset_parameters(self) -> None:
        """Draw all weights anew, as torch does."""
        super().reset_parameters()
        for module in self.children():
            module.reset_parameters()  # type: ignore[operator]

    @staticmethod
    @abstractmethod
    def values(plan: Plan) -> int:
        """Values that are read of one hidden state."""

    @staticmethod
    def stack_inputs(row: Row, hidden: int) -> int:
        """Numbers that the stack reads at each step."""
        return row.size

    @abstractmethod
    def read(self, context_BTC: Tensor, future_BKF: Tensor) -> Tensor:
        """The inputs of the stack, [B, S, its input size]."""

    @abstractmethod
    def decode(self, stack: Recurrent, last_BH: Tensor, state: State, ahead: Ahead) -> Tensor:
        """The numbers [B, K, ``Plan.numbers``] of a forecast, from the last hidden state and the
        stack's whole state.
        """

    @property
    def rows_per_step(self) -> int:
        """Rows of a context that one step of the stack reads."""
        return 1

    def _values(self, hidden_BH: Tensor) -> Tensor:
        """What the linear layer makes of hidden states; in training some of them are dropped."""
        if self.training and self.dropout > 0:
            hidden_BH = functional.dropout(hidden_BH, self.dropout)
        values: Tensor = self(hidden_BH)
        return values
