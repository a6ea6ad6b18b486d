"""Weights that torch computes from others reach the kernel: normalised, orthogonal, pruned."""

import pytest
import torch
from torch.nn.utils import parametrizations, prune

from grucli.nn import GRU, LSTM, RNN

CHANGES = {
    "weight_norm": parametrizations.weight_norm,
    "spectral_norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "prune": lambda module, name: prune.l1_unstructured(module, name, amount=0.5),
}
CHANGED = pytest.mark.parametrize("change", CHANGES)
MATRICES = pytest.mark.parametrize("matrix", ["weight_hh_l0", "weight_ih_l1"])
STACKS = pytest.mark.parametrize(
    ("stack", "norm"), [(GRU, "none"), (GRU, "split"), (RNN, "sum"), (LSTM, "none")]
)
X_TBC = torch.randn(9, 4, 3, generator=torch.Generator().manual_seed(1))


def make(stack, norm, change, matrix):
    """A stack with one changed matrix, in evaluation: the spectral norm drifts in training."""
    torch.manual_seed(0)
    module = stack(3, 6, 2, layer_norm=norm)
    CHANGES[change](module, matrix)
    return module.eval()


def learned_from(module):
    """Output and gradients of what can be learned, by name."""
    output, _ = module(X_TBC)
    output.square().sum().backward()
    return {"output": output.detach()} | {n: p.grad for n, p in module.named_parameters()}


@STACKS
@MATRICES
@CHANGED
def test_results_and_gradients_of_the_originals_are_those_of_plain_torch(
    change, matrix, stack, norm, monkeypatch
):
    found = learned_from(make(stack, norm, change, matrix))
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    expected = learned_from(make(stack, norm, change, matrix))
    assert found.keys() == expected.keys() != dict(stack(3, 6, 2).named_parameters()).keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)
        assert value.abs().sum() > 0, name


@STACKS
@MATRICES
@CHANGED
def test_the_changed_matrix_acts_in_sequences_and_steps(change, matrix, stack, norm):
    """As a stack that has the computed matrix for a parameter; steps, after their packing too."""
    module = make(stack, norm, change, matrix)
    plain = stack(3, 6, 2, layer_norm=norm)
    with torch.no_grad():
        for _ in range(2):
            found, _ = module(X_TBC)
            plain.load_state_dict({name: getattr(module, name) for name in plain.state_dict()})
            torch.testing.assert_close(found, plain(X_TBC)[0])
            torch.testing.assert_close(module.step(X_TBC[0])[0], plain(X_TBC[:1])[0][0])
            for parameter in module.parameters():
                parameter.mul_(1.1)
