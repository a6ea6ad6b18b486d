"""Layers over a sequence: one in one direction, and all of a stack on top of each other.

``run_layer`` is the one place that chooses how a layer is computed: it takes tensors in and gives
tensors out and knows no module; a faster way to compute the same numbers replaces its body and
nothing else. Suffixes are those of ``cells.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from grucli.nn.cells import project_input, step_values
from grucli.nn.kernel import run_layer_native, supports
from grucli.nn.rules import CellRule, LayerWeights
from grucli.nn.transforms import is_transformed

LayerState = tuple[Tensor, ...]
"""(h,) of a gru or rnn, (h, c) of an lstm; each [B, H]."""


@dataclass(frozen=True)
class Layers:
    """A stack without its parameters; ``kinds`` are those of each layer and direction, in order.

    ``dropout`` acts between layers, 0 outside training.
    """

    rule: CellRule
    kinds: tuple[str, ...]
    layers: int
    directions: int
    dropout: float

    def run(
        self,
        x_TBC: Tensor,
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        lengths_B: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Outputs [T, B, H * directions] and the final state; reads no other tensors.

        ``states`` and the result hold h, or h and c, [layers * directions, B, H] each.
        """
        finals = []
        per_layer = list(zip(*(part.unbind(0) for part in states), strict=True))
        kinds = len(self.kinds)
        for layer in range(self.layers):
            if layer > 0 and self.dropout > 0:
                x_TBC = functional.dropout(x_TBC, self.dropout)
            outputs = []
            for direction in range(self.directions):
                place = layer * self.directions + direction
                own = parameters[place * kinds : (place + 1) * kinds]
                output_TBH, final = run_layer(
                    self.rule,
                    LayerWeights(**dict(zip(self.kinds, own, strict=True))),
                    x_TBC,
                    per_layer[place],
                    reverse=direction == 1,
                    lengths_B=lengths_B,
                )
                outputs.append(output_TBH)
                finals.append(final)
            x_TBC = torch.cat(outputs, dim=-1) if self.directions == 2 else outputs[0]
        return x_TBC, [_stacked(parts) for parts in zip(*finals, strict=True)]


def _stacked(parts: tuple[Tensor, ...]) -> Tensor:
    """[L, B, H] of L states; one alone needs no copy."""
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)


def run_layer(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool = False,
    lengths_B: Tensor | None = None,
) -> tuple[Tensor, LayerState]:
    """Run a layer over a sequence; returns its outputs [T, B, H] and its final state.

    ``reverse`` starts at the last step; outputs stay in the order of the input. ``lengths_B``
    (integers on the CPU, 1 to T) ends every row on its own: later steps leave the state as it is
    and their outputs are zero.
    """
    if rule.cell == "lstm" and not is_transformed():
        return _run_lstm(weights, x_TBC, state, reverse=reverse, lengths_B=lengths_B)
    if supports(rule, x_TBC, weights):
        output_TBH, h_BH = run_layer_native(
            rule, weights, x_TBC, state[0], reverse=reverse, lengths_B=lengths_B
        )
        return output_TBH, (h_BH,)
    projected = project_input(rule, weights, x_TBC).unbind(0)
    live_TB1 = None if lengths_B is None else _live(lengths_B, x_TBC)
    outputs: list[Tensor] = [state[0]] * len(projected)
    for t in reversed(range(len(projected))) if reverse else range(len(projected)):
        after = step_values(rule, weights, projected[t], state).state
        state = after if live_TB1 is None else _advanced(live_TB1[t], after, state)
        outputs[t] = state[0]
    output_TBH = torch.stack(outputs)
    if live_TB1 is not None:
        output_TBH = torch.where(live_TB1, output_TBH, torch.zeros_like(output_TBH))
    return output_TBH, state


def _advanced(live_B1: Tensor, after: LayerState, before: LayerState) -> LayerState:
    """The next state of the rows that go on, the old one of those that have ended."""
    pairs = zip(after, before, strict=True)
    return tuple(torch.where(live_B1, new, old) for new, old in pairs)


def _live(lengths_B: Tensor, x_TBC: Tensor) -> Tensor:
    """True [T, B, 1] at the steps that belong to a row."""
    steps_T = torch.arange(x_TBC.shape[0], device=x_TBC.device)
    return (steps_T[:, None] < lengths_B.to(x_TBC.device)).unsqueeze(-1)


def _run_lstm(
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool,
    lengths_B: Tensor | None,
) -> tuple[Tensor, LayerState]:
    """The same through torch's own fused LSTM, which only runs forwards."""
    flat = [weights.weight_ih, weights.weight_hh]
    if weights.bias_ih is not None and weights.bias_hh is not None:
        flat += [weights.bias_ih, weights.bias_hh]
    x_TBC = _turn(x_TBC, lengths_B) if reverse else x_TBC
    hx = [part.unsqueeze(0) for part in state]
    if lengths_B is None:
        output_TBH, h_1BH, c_1BH = _torch_lstm(x_TBC, None, hx, flat)
    else:
        order_B = torch.argsort(lengths_B, descending=True, stable=True)
        packed = pack_padded_sequence(x_TBC[:, order_B], lengths_B[order_B])
        hx = [part[:, order_B] for part in hx]
        data, h_1BH, c_1BH = _torch_lstm(packed.data, packed.batch_sizes, hx, flat)
        sorted_TBH, _ = pad_packed_sequence(
            PackedSequence(data, packed.batch_sizes), total_length=x_TBC.shape[0]
        )
        back_B = torch.argsort(order_B)
        output_TBH, h_1BH, c_1BH = (part[:, back_B] for part in (sorted_TBH, h_1BH, c_1BH))
    output_TBH = _turn(output_TBH, lengths_B) if reverse else output_TBH
    return output_TBH, (h_1BH.squeeze(0), c_1BH.squeeze(0))


def _torch_lstm(
    data: Tensor, batch_sizes: Tensor | None, hx: list[Tensor], flat: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer, one direction, no dropout: "training" only says that gradients will be asked."""
    has_bias, needs_gradient = len(flat) == 4, torch.is_grad_enabled()
    if batch_sizes is None:
        return torch.lstm(data, hx, flat, has_bias, 1, 0.0, needs_gradient, False, False)
    return torch.lstm(data, batch_sizes, hx, flat, has_bias, 1, 0.0, needs_gradient, False)


def _turn(x_TBC: Tensor, lengths_B: Tensor | None) -> Tensor:
    """Reverse each row in time within its own length."""
    if lengths_B is None:
        return x_TBC.flip(0)
    steps_T1 = torch.arange(x_TBC.shape[0])[:, None]
    source_TB = torch.where(steps_T1 < lengths_B, lengths_B - 1 - steps_T1, steps_T1)
    index = source_TB.to(x_TBC.device).unsqueeze(-1).expand_as(x_TBC)
    return x_TBC.gather(0, index)
