"""Normalised layers in the kernels for CUDA devices, beside the plain loop in float64.

`make test-cuda` runs them on a device. Without one, TRITON_INTERPRET=1 has Triton (3.7 or later)
carry the kernels out in Python: TRITON_INTERPRET=1 pytest -m cuda tests/test_cuda_layers.py.
"""

import os

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from grucli.cells.address import Place
from grucli.nn import GRU, cuda
from grucli.nn.layer import run_layer
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import VARIANTS, make_case, run_through

pytestmark = pytest.mark.cuda

DEVICE = "cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda"
NORMALISED = [variant for variant in VARIANTS if variant[1] != "none"]


def run_there(*operands, **settings):
    from grucli.nn.cuda.binding import run_layer_cuda

    return run_layer_cuda(*operands, **settings)


def expect_the_loop_s(case):
    exact = run_through(run_layer, case.to(torch.float64))
    found = run_through(run_there, case, DEVICE)
    assert found.keys() == exact.keys()
    for name, expected in exact.items():
        close = {"atol": 2e-5, "rtol": 1e-3, "msg": lambda text, name=name: f"{name}: {text}"}
        torch.testing.assert_close(found[name].cpu().double(), expected, **close)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("variant", NORMALISED, ids="-".join)
def test_outputs_and_gradients_are_those_of_the_plain_loop(variant, reverse):
    """Rows end on their own in one direction, biases are the others in the other."""
    kinds = {"ragged": True, "bias": False} if reverse else {"norm_bias": True}
    expect_the_loop_s(make_case(variant, (5, 3, 4, 20), reverse=reverse, **kinds))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("variant", [("gru", "split"), ("lstm", "ba2016"), ("rnn", "sum")])
def test_weights_that_no_program_can_hold_are_multiplied_step_by_step(variant, reverse):
    expect_the_loop_s(make_case(variant, (4, 3, 4, 257), reverse=reverse, ragged=reverse))


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("hidden", [1, 16, 257])
def test_short_sequences_and_sizes_at_the_edge(steps, hidden):
    expect_the_loop_s(make_case(("gru", "ba2016"), (steps, 1, 1, hidden)))


def test_nothing_is_kept_where_nothing_asks_for_gradients():
    case = make_case(("lstm", "split_state"), (6, 2, 3, 8))
    weights = LayerWeights(**{kind: value.to(DEVICE) for kind, value in case.parameters.items()})
    state = tuple(part.to(DEVICE) for part in case.state)
    settings = {"reverse": False, "lengths_B": None}
    output_TBH, final = run_there(case.rule, weights, case.x_TBC.to(DEVICE), state, **settings)
    exact = run_through(run_layer, case.to(torch.float64))
    torch.testing.assert_close(output_TBH.cpu().double(), exact["output"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(final[1].cpu().double(), exact["final c"], atol=1e-5, rtol=1e-4)


@pytest.mark.skipif(DEVICE == "cpu", reason="asks where a layer runs on a device")
def test_a_layer_runs_in_them_unless_told_otherwise(monkeypatch):
    layer = GRU(3, 4, layer_norm="split", device=DEVICE)
    x_TBC = torch.randn(2, 2, 3, device=DEVICE)

    def runs_there(x_TBC=x_TBC, layer=layer, **settings):
        weights = layer.weights_at(Place(0))
        return cuda.supports(layer.rule, x_TBC, weights, **settings)

    assert runs_there()
    assert not runs_there(kernel="torch")
    assert not runs_there(x_TBC.double(), GRU(3, 4, layer_norm="split").double().to(DEVICE))
    assert not runs_there(layer=GRU(3, 4, device=DEVICE))
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        assert not runs_there()
    with FlopCounterMode(display=False):
        assert not runs_there()
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    assert not runs_there()
    monkeypatch.delenv("GRUCLI_KERNEL")
    output_TBH, _ = layer(x_TBC)
    assert type(output_TBH.grad_fn).__name__ == "_SequenceBackward"
