"""All steps of the horizon at once from the last hidden state.

Suffixes: B batch, T context steps, K horizon steps, F future columns, H hidden.
"""

from grucli.nn.decoders.decoder import Decoder
from grucli.nn.decoders.rows import Ahead, Plan
from grucli.nn.stack import Recurrent
from grucli.nn.states import State
from grucli.tensors import Tensor, functional, nn, torch


class Direct(Decoder):
    """y_k = W_k h + b_k; with future columns f_k also V relu(A [h, f_k] + a), the same for every k.

    The second term lets each step know its own future columns and what they mean in this state.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        if self.row.future:
            self.known = nn.Linear(plan.hidden + self.row.future, plan.hidden)
            self.known_out = nn.Linear(plan.hidden, plan.numbers, bias=False)

    @staticmethod
    def values(plan: Plan) -> int:
        """All numbers of every step."""
        return plan.numbers * plan.horizon

    def read(self, context_BTC: Tensor, future_BKF: Tensor) -> Tensor:
        """The context as it is."""
        return context_BTC

    def decode(self, stack: Recurrent, last_BH: Tensor, state: State, ahead: Ahead) -> Tensor:
        """All steps at once."""
        forecast_BKC = self._values(last_BH).view(last_BH.shape[0], self.horizon, -1)
        if not self.row.future:
            return forecast_BKC
        last_BKH = last_BH.unsqueeze(1).expand(-1, self.horizon, -1)
        mixed = functional.relu(self.known(torch.cat([last_BKH, ahead.future], dim=-1)))
        step_BKC: Tensor = self.known_out(mixed)
        return forecast_BKC + step_BKC
