"""Segments of steps instead of single steps, and all segments of the horizon in parallel.

Suffixes: B batch, T context steps, K horizon steps, C columns, F future columns, H hidden,
S segments of the context, M segments of the horizon, W steps of a segment.
"""

import math
from typing import ClassVar

from grucli.nn.decoders.decoder import Decoder
from grucli.nn.decoders.rows import Ahead, Plan, Row
from grucli.nn.draws import draw_normal
from grucli.nn.stack import Recurrent
from grucli.nn.states import State, joined
from grucli.tensors import Tensor, functional, nn, torch


class Segment(Decoder):
    """Each W rows of a context are one input of the stack, each W steps of the horizon one output.

    Inputs: x_s = relu(A rows_s + a). Every segment m of the horizon is one step of the stack from
    its last state, with a learned place p_m as its input, beside which stands the learned channel
    where targets are independent, and to which C f_m is added for the future columns f_m of its
    steps; its values are W h_m + b (Lin et al. 2023, arXiv 2308.11200, SegRNN).

    A context that is no multiple of W begins with copies of its oldest row; of the last segment of
    a horizon that is no multiple of W the first steps are taken.
    """

    goes_on: ClassVar[bool] = True

    def __init__(self, plan: Plan) -> None:
        row, hidden, segment = plan.row, plan.hidden, plan.segment
        super().__init__(plan)
        self.segment, self.channels = segment, plan.samples_per_window
        self.segments = math.ceil(plan.horizon / segment)
        self.reads = nn.Linear(row.size * segment, hidden)
        of_channel = hidden // 2 if self.channels > 1 else 0
        self.places = nn.Parameter(torch.empty(self.segments, hidden - of_channel))
        if of_channel:
            self.channel = nn.Parameter(torch.empty(self.channels, of_channel))
        if row.future:
            self.known = nn.Linear(row.future * segment, hidden, bias=False)
        self._draw()

    @staticmethod
    def values(plan: Plan) -> int:
        """All numbers of every step of a segment."""
        return plan.numbers * plan.segment

    def reset_parameters(self) -> None:
        """Draw all weights anew: linear layers as torch does, places and channels from N(0, 1)."""
        super().reset_parameters()
        if hasattr(self, "places"):  # torch's layer calls this before there are any
            self._draw()

    def _draw(self) -> None:
        draw_normal(self.places)
        if hasattr(self, "channel"):
            draw_normal(self.channel)

    @staticmethod
    def stack_inputs(row: Row, hidden: int) -> int:
        """As many as there are units, as in SegRNN."""
        return hidden

    @property
    def rows_per_step(self) -> int:
        """Rows of a context that one step of the stack reads."""
        return self.segment

    def read(self, context_BTC: Tensor, future_BKF: Tensor) -> Tensor:
        """The segments of a context, oldest first: [B, S, H]."""
        lacking = -context_BTC.shape[1] % self.segment
        if lacking:
            oldest_BTC = context_BTC[:, :1].expand(-1, lacking, -1)
            context_BTC = torch.cat([oldest_BTC, context_BTC], dim=1)
        segments_BSC = context_BTC.reshape(context_BTC.shape[0], -1, self.segment * self.row.size)
        return functional.relu(self.reads(segments_BSC))

    def decode(self, stack: Recurrent, last_BH: Tensor, state: State, ahead: Ahead) -> Tensor:
        """All segments at once, each one step from the same state."""
        batch = last_BH.shape[0]
        parts = [state] if isinstance(state, Tensor) else list(state)
        same = joined([part.repeat_interleave(self.segments, dim=1) for part in parts])
        inputs_NH = self._inputs(batch, ahead.future).flatten(0, 1)
        _, after = stack(inputs_NH.unsqueeze(1), same, final_only=True)
        hidden_NH = (after if isinstance(after, Tensor) else after[0])[-1]
        values = self._values(hidden_NH)
        return values.view(batch, self.segments * self.segment, -1)[:, : self.horizon]

    def _inputs(self, batch: int, future_BKF: Tensor) -> Tensor:
        """What the stack reads for each segment of the horizon: [B, M, H]."""
        inputs_BMH = self.places.expand(batch, -1, -1)
        if hasattr(self, "channel"):
            channel_BMH = self.channel.repeat(batch // self.channels, 1).unsqueeze(1)
            channel_BMH = channel_BMH.expand(-1, self.segments, -1)
            inputs_BMH = torch.cat([inputs_BMH, channel_BMH], dim=-1)
        if not self.row.future:
            return inputs_BMH
        lacking = self.segments * self.segment - self.horizon
        newest_BKF = future_BKF[:, -1:].expand(-1, lacking, -1)
        future_BMC = torch.cat([future_BKF, newest_BKF], dim=1).reshape(
            batch, self.segments, self.segment * self.row.future
        )
        known_BMH: Tensor = self.known(future_BMC)
        return inputs_BMH + known_BMH
