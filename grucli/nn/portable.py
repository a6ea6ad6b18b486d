"""Layers in graphs that leave for other programs: torch.export and torch.onnx.export draw these.

A layer of a cell that ONNX has is one operator there. Any other, and every one in a graph of
torch's own, is its step inside torch's loop over time, ``scan``, which takes sequences of any
length. So a graph needs neither grucli nor its kernel where it arrives.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from typing import Any

from grucli.nn.norms import project_input, step_values
from grucli.nn.rules import CellRule, LayerState, LayerWeights
from grucli.tensors import Tensor, torch


def run_layer_portable(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool = False,
) -> tuple[Tensor, LayerState]:
    """Run a layer over a sequence; returns its outputs [T, B, H] and its final state."""
    is_onnx = torch.onnx.is_in_onnx_export()
    if is_onnx and rule.spec.onnx is not None and not rule.norm.groups:
        return _as_operator(rule, weights, x_TBC, state, reverse=reverse)
    return _as_loop(rule, weights, x_TBC, state, reverse=reverse)


def _as_loop(
    rule: CellRule, weights: LayerWeights, x_TBC: Tensor, state: LayerState, *, reverse: bool
) -> tuple[Tensor, LayerState]:
    """Torch's loop; a single step goes without, as those of a decoder do."""
    from torch._higher_order_ops.scan import scan  # loads torch's compiler

    def advance(before: LayerState, x_BG: Tensor) -> tuple[LayerState, Tensor]:
        after = step_values(rule, weights, x_BG, before).state
        return after, after[0].clone()  # a loop's outputs may not share memory

    projected_TBG = project_input(rule, weights, x_TBC)
    if isinstance(projected_TBG.shape[0], int) and projected_TBG.shape[0] == 1:
        final, output_BH = advance(state, projected_TBG[0])
        return output_BH.unsqueeze(0), final
    final, output_TBH = scan(advance, state, projected_TBG, reverse=reverse)
    return output_TBH, final


def _as_operator(
    rule: CellRule, weights: LayerWeights, x_TBC: Tensor, state: LayerState, *, reverse: bool
) -> tuple[Tensor, LayerState]:
    """ONNX's operator, of one direction.

    Source: onnx.ai/onnx/operators, GRU (with linear_before_reset = 1, torch's), LSTM and RNN.
    """
    form, gates = rule.spec.onnx, rule.spec.gate_names
    assert form is not None
    assert weights.weight_hh is not None
    hidden = weights.weight_hh.shape[1]

    def stacked(parameter: Tensor) -> Tensor:
        starts = [gates.index(gate) * hidden for gate in form.order]
        return torch.cat([parameter[start : start + hidden] for start in starts])

    biases = [b for b in (weights.bias_ih, weights.bias_hh) if b is not None]
    inputs = [
        x_TBC,
        stacked(weights.weight_ih).unsqueeze(0),
        stacked(weights.weight_hh).unsqueeze(0),
        torch.cat([stacked(bias) for bias in biases]).unsqueeze(0) if biases else None,
        None,  # lengths
        *(part.unsqueeze(0) for part in state),
    ]
    attributes: dict[str, Any] = {"hidden_size": hidden}
    if reverse:
        attributes["direction"] = "reverse"
    if form.before_reset:
        attributes["linear_before_reset"] = 1
    own = rule.equations.spec.activation.name
    if rule.spec.activation.name != own:
        chosen = {own: rule.spec.activation.name}
        attributes["activations"] = [chosen.get(a, a).capitalize() for a in form.activations]
    steps, batch, _ = x_TBC.shape
    output_T1BH, *final = torch.onnx.ops.symbolic_multi_out(
        form.operator,
        inputs,
        attributes,
        dtypes=[x_TBC.dtype] * (1 + len(state)),
        shapes=[(steps, 1, batch, hidden), *[(1, batch, hidden)] * len(state)],
    )
    return output_T1BH.squeeze(1), tuple(part.squeeze(0) for part in final)
