"""What each side of a layer's gates is: the product, and what a layer normalisation does to it.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from grucli.nn.rules import CellRule, LayerWeights, StepValues, norm_blocks


def project_input(rule: CellRule, weights: LayerWeights, x_TBC: Tensor) -> Tensor:
    """Everything of a layer that does not depend on its state, for all steps at once: [T, B, G]."""
    return _project(rule, x_TBC, weights.weight_ih, weights.bias_ih, weights.gain_ih)


def project_state(rule: CellRule, weights: LayerWeights, h_BH: Tensor) -> Tensor:
    """The state's share of the gates: [B, G]."""
    return _project(rule, h_BH, weights.weight_hh, weights.bias_hh, weights.gain_hh)


def step_values(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step of any cell from ``project_input``'s share of it, with what is computed on the way.

    ``state`` is as in ``StepValues``.
    """
    q_BG = project_state(rule, weights, state[0])
    return rule.equations.step(rule, weights, x_BG, q_BG, state)


def normalise(rule: CellRule, a: Tensor, gain: Tensor | None, bias: Tensor | None) -> Tensor:
    """LN over the last axis, then gain, then bias (never the bias inside the statistics)."""
    return functional.layer_norm(a, a.shape[-1:], gain, bias, rule.eps)


def blocks(vector: Tensor | None, sizes: list[int]) -> Sequence[Tensor | None]:
    """A stacked gain or bias cut by gate; absent ones stay absent."""
    return [None] * len(sizes) if vector is None else torch.split(vector, sizes)


def _project(
    rule: CellRule, x: Tensor, weight: Tensor, bias: Tensor | None, gain: Tensor | None
) -> Tensor:
    """One side's share of the gates: the product, and what the variant does to this side alone."""
    if gain is None:
        return functional.linear(x, weight, bias)
    a_G = functional.linear(x, weight)
    sizes = norm_blocks(rule, weight.shape[0])
    if len(sizes) == 1:
        return normalise(rule, a_G, gain, bias)
    parts = zip(
        torch.split(a_G, sizes, dim=-1), torch.split(gain, sizes), blocks(bias, sizes), strict=True
    )
    return torch.cat([normalise(rule, *part) for part in parts], dim=-1)
