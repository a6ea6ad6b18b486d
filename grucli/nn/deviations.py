"""What a layer normalisation divides by: the deviation of the sums that it normalises.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side, in the order of GATES.
"""

import torch
from torch import Tensor
from torch.nn import functional

from grucli.cells.address import normalised_together
from grucli.nn.cells import project_input, step_values
from grucli.nn.layer import run_layer
from grucli.nn.rules import LayerWeights, norm_blocks, parameter_shapes
from grucli.nn.stack import Recurrent


@torch.no_grad()
def mean_deviations(module: Recurrent, x_TBC: Tensor) -> dict[str, float]:
    """Mean deviation that each weight matrix's products are divided by while a stack reads.

    Formula: the mean over t and b of sqrt(var a + eps), a = W x or U h (split, ba2016) or their sum
    (sum, sum_joint), over all gates that share one variance

    Maps addresses such as 0.update.hh; {} without layer normalisation. Begins at the zero state,
    without dropout. Source: equation 3 of Ba et al. 2016, arXiv 1607.06450.
    """
    if module.layer_norm == "none":
        return {}
    found: dict[str, float] = {}
    kinds = parameter_shapes(module.rule, 1, 1, bias=module.bias)
    for layer in range(module.num_layers):
        outputs = []
        for place in (f"{layer}", f"{layer}r")[: module.directions]:
            suffix = f"_l{layer}{'_reverse' if place.endswith('r') else ''}"
            weights = LayerWeights(**{kind: getattr(module, kind + suffix) for kind in kinds})
            h_BH = x_TBC.new_zeros(x_TBC.shape[1], module.hidden_size)
            is_reverse = place.endswith("r")
            after_TBH, _ = run_layer(module.rule, weights, x_TBC, (h_BH,), reverse=is_reverse)
            outputs.append(after_TBH)
            parts = [h_BH[None], after_TBH[:-1]]
            if is_reverse:
                parts = [after_TBH[1:], h_BH[None]]
            for part, sums_NG in _sums(module, weights, x_TBC, torch.cat(parts)).items():
                found |= _by_gate(module, f"{place}.{{}}.{part}", sums_NG)
        x_TBC = torch.cat(outputs, dim=-1)
    return found


def _sums(
    module: Recurrent, weights: LayerWeights, x_TBC: Tensor, before_TBH: Tensor
) -> dict[str, Tensor]:
    """What is normalised, [T * B, G], by the part of the weights that goes into it."""
    before_NH = before_TBH.flatten(0, 1)
    if weights.gain_sum is None:
        return {
            "ih": functional.linear(x_TBC.flatten(0, 1), weights.weight_ih),
            "hh": functional.linear(before_NH, weights.weight_hh),
        }
    x_NG = project_input(module.rule, weights, x_TBC).flatten(0, 1)
    sums_NG = torch.cat(step_values(module.rule, weights, x_NG, (before_NH,)).sums, dim=-1)
    return {"ih": sums_NG, "hh": sums_NG}


def _by_gate(module: Recurrent, address: str, sums_NG: Tensor) -> dict[str, float]:
    """The mean deviation of its block for each gate."""
    rule = module.rule
    blocks = torch.split(sums_NG, norm_blocks(rule, sums_NG.shape[1]), dim=1)
    groups = normalised_together(rule.cell, rule.layer_norm)
    found: dict[str, float] = {}
    for gates, block in zip(groups, blocks, strict=True):
        _, _, inverse_N1 = torch.native_layer_norm(block, block.shape[1:], None, None, rule.eps)
        deviation = inverse_N1.reciprocal().mean().item()
        found |= {address.format(gate): deviation for gate in gates}
    return found
