"""What a layer normalisation divides by, against the steps as they are recorded one by one."""

import pytest
import torch

from grucli.nn import mean_deviations
from grucli.nn.recording import record_stack
from tests.test_trace_recording import KINDS, make, series

NORMED = [pair for pair in KINDS if pair[1] != "none"]


def recorded(module, layer, part, gates):
    """Mean over steps and samples of sqrt(var + eps) of what one group of gates normalises."""
    products = layer.products()[part]
    inner = getattr(layer.weights, f"norm_bias_{part}")
    products = products if inner is None else products + inner
    sums = products if layer.sums is None else layer.sums
    order, hidden = module.rule.spec.gate_names, module.hidden_size
    places = [order.index(gate) for gate in gates]
    block = torch.cat([sums[..., p * hidden : (p + 1) * hidden] for p in places], dim=-1)
    centred = block - block.mean(dim=-1, keepdim=True)
    return (centred.square().mean(dim=-1) + module.rule.eps).sqrt().mean().item()


@pytest.mark.parametrize(("cell", "variant"), NORMED)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("norm_bias", [False, True])
def test_deviations_are_those_of_the_recorded_steps(cell, variant, bidirectional, norm_bias):
    settings = {"num_layers": 2, "bidirectional": bidirectional, "norm_bias": norm_bias}
    module = make(cell, variant, **settings)
    found = mean_deviations(module, series())
    expected = {
        f"{layer.layer}{'r' if layer.reverse else ''}.{gate}.{part}": recorded(
            module, layer, part, gates
        )
        for layer in record_stack(module, series()).layers
        for part in ("ih", "hh")
        for gates in module.rule.norm.groups
        for gate in gates
    }
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("cell", ["gru", "rnn", "lstm"])
def test_nothing_is_divided_without_a_normalisation(cell):
    assert mean_deviations(make(cell, "none"), series()) == {}


@pytest.mark.parametrize(("cell", "variant"), NORMED)
def test_each_variant_normalises_every_gate_once(cell, variant):
    rule = make(cell, variant).rule
    gates = [gate for group in rule.norm.groups for gate in group]
    assert tuple(gates) == rule.spec.gate_names
