"""One step of the horizon after the other: each forecast is the next input of the stack.

Suffixes: B batch, T context steps, K horizon steps, C columns, F future columns, H hidden.
"""

from collections.abc import Callable
from typing import ClassVar

from grucli.nn.decoders.decoder import Decoder
from grucli.nn.decoders.rows import Ahead, Plan
from grucli.nn.stack import Recurrent
from grucli.nn.states import State
from grucli.tensors import Tensor, torch


class Recursive(Decoder):
    """y_k = W h_k + b, where h_k has read y_(k-1) and the future columns of step k.

    Of a forecast that says more than a number, where the value lies is read back (the median of
    quantiles, the mean of other distributions), not how uncertain it is.
    """

    goes_on: ClassVar[bool] = True

    feeds_back: ClassVar[bool] = True

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.head = plan.head

    @staticmethod
    def values(plan: Plan) -> int:
        """All numbers of a step."""
        return plan.numbers

    def read(self, context_BTC: Tensor, future_BKF: Tensor) -> Tensor:
        """The context, each row with the future columns of the step that it leads to."""
        if not self.row.future:
            return context_BTC
        start, stop = self.row.measured, self.row.measured + self.row.future
        next_BTF = torch.cat([context_BTC[:, 1:, start:stop], future_BKF[:, :1]], dim=1)
        return torch.cat([context_BTC[..., :start], next_BTF, context_BTC[..., stop:]], dim=-1)

    def decode(self, stack: Recurrent, last_BH: Tensor, state: State, ahead: Ahead) -> Tensor:
        """One step after the other; what is fed back counts as measured."""
        return self.fed_on(stack, last_BH, state, ahead, self._values)

    def fed_on(
        self,
        stack: Recurrent,
        last_BH: Tensor,
        state: State,
        ahead: Ahead,
        read: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """The same, where ``read`` makes numbers of hidden states [B, H]."""
        measured_BC = last_BH.new_ones(last_BH.shape[0], self.row.flags)
        fixed_BC = torch.cat([ahead.static, measured_BC], dim=-1)
        steps = [read(last_BH)]
        for k in range(1, self.horizon):
            previous_BC = self.head.fed_back(steps[-1][:, : self.row.targets])
            if ahead.truth is not None:
                forced_B1 = torch.rand_like(previous_BC[:, :1]) < ahead.teacher_forcing
                previous_BC = torch.where(forced_B1, ahead.truth[:, k - 1], previous_BC)
            row_BC = torch.cat([previous_BC, ahead.future[:, k], fixed_BC], dim=-1)
            hidden_BH, state = stack.step(row_BC, state)
            steps.append(read(hidden_BH))
        return torch.stack(steps, dim=1)
