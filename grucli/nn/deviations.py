"""What a layer normalisation divides by: the deviation of the sums that it normalises.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side, in their order.
"""

from grucli.cells.address import MatrixAddress, Place
from grucli.nn.layer import run_layer
from grucli.nn.norms import project_input, step_values
from grucli.nn.rules import LayerWeights, norm_blocks
from grucli.nn.stack import Recurrent
from grucli.nn.walk import walk
from grucli.tensors import Tensor, functional, torch


@torch.no_grad()
def mean_deviations(module: Recurrent, x_TBC: Tensor) -> dict[str, float]:
    """Mean deviation that each weight matrix's products are divided by while a stack reads.

    Formula: the mean over t and b of sqrt(var a + eps), a = W x or U h (split, ba2016) or their sum
    (sum, sum_joint), over all gates that share one variance

    Maps addresses such as 0.update.hh; {} without layer normalisation. Begins at the zero state,
    without dropout. Source: equation 3 of Ba et al. 2016, arXiv 1607.06450.
    """
    if not module.rule.norm.groups:
        return {}

    def visit(place: Place, x_TBC: Tensor) -> tuple[Tensor, dict[str, float]]:
        weights, rule = module.weights_at(place), module.rule
        start = tuple(x_TBC.new_zeros(x_TBC.shape[1], module.hidden_size) for _ in rule.spec.state)
        after_TBH, _ = run_layer(rule, weights, x_TBC, start, reverse=place.reverse)
        zero_1BH = start[0][None]
        parts = [after_TBH[1:], zero_1BH] if place.reverse else [zero_1BH, after_TBH[:-1]]
        here: dict[str, float] = {}
        for kind, sums_NG in _sums(module, weights, x_TBC, torch.cat(parts)).items():
            here |= _by_gate(module, place, kind, sums_NG)
        return after_TBH, here

    _, by_place = walk(module.num_layers, module.directions, x_TBC, visit)
    return {address: value for here in by_place for address, value in here.items()}


def _sums(
    module: Recurrent, weights: LayerWeights, x_TBC: Tensor, before_TBH: Tensor
) -> dict[str, Tensor]:
    """What is normalised, [T * B, G], by the kind of weights that go into it."""
    before_NH = before_TBH.flatten(0, 1)
    if weights.gain_sum is None:
        x_NC = x_TBC.flatten(0, 1)
        sums = {"weight_ih": functional.linear(x_NC, weights.weight_ih, weights.norm_bias_ih)}
        if weights.weight_hh is not None:
            own = (weights.weight_hh, weights.norm_bias_hh)
            sums["weight_hh"] = functional.linear(before_NH, *own)
        return sums
    spec, x_NG = module.rule.spec, project_input(module.rule, weights, x_TBC).flatten(0, 1)
    # Gates read h alone: what the other parts of the state are is nothing to their sums.
    state = (before_NH, *[torch.zeros_like(before_NH)] * (len(spec.state) - 1))
    sums_NG = torch.cat(step_values(module.rule, weights, x_NG, state).sums, dim=-1)
    return dict.fromkeys(spec.weights, sums_NG)


def _by_gate(module: Recurrent, place: Place, kind: str, sums_NG: Tensor) -> dict[str, float]:
    """The mean deviation of its block for each gate, by address."""
    rule = module.rule
    blocks = torch.split(sums_NG, norm_blocks(rule, sums_NG.shape[1]), dim=1)
    deviations: dict[str, float] = {}
    for gates, block in zip(rule.norm.groups, blocks, strict=True):
        _, _, inverse_N1 = torch.native_layer_norm(block, block.shape[1:], None, None, rule.eps)
        deviation = inverse_N1.reciprocal().mean().item()
        deviations |= {
            MatrixAddress(module.cell, place, gate, kind).long: deviation for gate in gates
        }
    return deviations
