"""What each side of a layer's gates is: the product, and what a layer normalisation does to it.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from collections.abc import Sequence
from typing import NamedTuple

from grucli.nn.rules import CellRule, LayerWeights, StepValues, norm_blocks
from grucli.tensors import Tensor, functional, torch


def project_input(rule: CellRule, weights: LayerWeights, x_TBC: Tensor) -> Tensor:
    """Everything of a layer that does not depend on its state, for all steps at once: [T, B, G]."""
    side = _Side(weights.weight_ih, weights.bias_ih, weights.gain_ih, weights.norm_bias_ih)
    return _project(rule, x_TBC, side)


def project_state(rule: CellRule, weights: LayerWeights, h_BH: Tensor) -> Tensor:
    """The state's share of the gates: [B, G], or [B, 0] of gates that do not read it."""
    if weights.weight_hh is None:
        return h_BH.new_empty(h_BH.shape[0], 0)
    side = _Side(weights.weight_hh, weights.bias_hh, weights.gain_hh, weights.norm_bias_hh)
    return _project(rule, h_BH, side)


def step_values(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step of any cell from ``project_input``'s share of it, with what is computed on the way.

    ``state`` is as in ``StepValues``.
    """
    q_BG = project_state(rule, weights, state[0])
    return rule.equations.step(rule, weights, x_BG, q_BG, state)


def normalise(rule: CellRule, a: Tensor, gain: Tensor | None, bias: Tensor | None) -> Tensor:
    """LN over the last axis, then gain, then bias."""
    return functional.layer_norm(a, a.shape[-1:], gain, bias, rule.eps)


def blocks(vector: Tensor | None, sizes: list[int]) -> Sequence[Tensor | None]:
    """A stacked gain or bias cut by gate; absent ones stay absent."""
    return [None] * len(sizes) if vector is None else torch.split(vector, sizes)


class _Side(NamedTuple):
    """The parameters of one product; ``norm_bias`` is its own, before any normalisation."""

    weight: Tensor
    bias: Tensor | None
    gain: Tensor | None
    norm_bias: Tensor | None


def _project(rule: CellRule, x: Tensor, side: _Side) -> Tensor:
    """One side's share of the gates: the product, and what the variant does to this side alone."""
    if side.gain is None:
        inner = side.bias if side.norm_bias is None else side.norm_bias
        return functional.linear(x, side.weight, inner)
    a_G = functional.linear(x, side.weight, side.norm_bias)
    sizes = norm_blocks(rule, side.weight.shape[0])
    if len(sizes) == 1:
        return normalise(rule, a_G, side.gain, side.bias)
    parts = zip(
        torch.split(a_G, sizes, dim=-1),
        torch.split(side.gain, sizes),
        blocks(side.bias, sizes),
        strict=True,
    )
    return torch.cat([normalise(rule, *part) for part in parts], dim=-1)
