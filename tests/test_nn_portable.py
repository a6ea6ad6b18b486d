"""Graphs of our layers run elsewhere: in ONNX Runtime, and in torch without grucli."""

import subprocess
import sys
import warnings
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from grucli.nn import MODULES
from grucli.weights import read_weights

FREE = torch.export.Dim.DYNAMIC
EVERY = [(cell, norm) for cell, made in MODULES.items() for norm in made.equations.spec.norm_names]


def stack_of(cell, norm="none", **settings):
    return MODULES[cell](3, 5, batch_first=True, layer_norm=norm, **settings)


class Side(nn.Module):
    """Several stacks beside each other, each with its weights drawn wide."""

    def __init__(self, *stacks):
        super().__init__()
        torch.manual_seed(0)
        self.stacks = nn.ModuleList(stacks)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5)
        self.eval()

    def forward(self, x):
        """Everything that the stacks give: outputs and the parts of final states."""
        results = []
        for stack in self.stacks:
            output, state = stack(x)
            results += [output, *([state] if isinstance(state, torch.Tensor) else state)]
        return results


def save_onnx(model, path):
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        x = torch.randn(2, 7, 3)
        sizes = ({0: FREE, 1: FREE},)
        torch.onnx.export(model, (x,), path, dynamic_shapes=sizes, external_data=False)


def operators(path):
    return Counter(node.op_type for node in onnx.load(path).graph.node)


def assert_same_in_onnx_runtime(model, path):
    session = onnxruntime.InferenceSession(path)
    for batch, steps in ((1, 9), (4, 1), (3, 20)):
        x = torch.randn(batch, steps, 3)
        found = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        for ours, theirs in zip(model(x), found, strict=True):
            np.testing.assert_allclose(theirs, ours.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_cells_without_layer_norm_are_operators_of_onnx(tmp_path):
    stacks = [stack_of(cell, bidirectional=True) for cell in MODULES]
    model = Side(*stacks, stack_of("rnn", nonlinearity="relu", bias=False))
    path = tmp_path / "model.onnx"
    save_onnx(model, path)
    counts = operators(path)
    assert {name: counts[name] for name in ("GRU", "LSTM", "RNN", "Scan")} == {
        "GRU": 2,
        "LSTM": 2,
        "RNN": 3,
        "Scan": 0,
    }
    assert_same_in_onnx_runtime(model, path)
    first = read_weights(path).modules[0].tensors
    np.testing.assert_array_equal(
        first["weight_hh_l0"], model.stacks[0].weight_hh_l0.detach().numpy()
    )


@pytest.mark.slow
def test_layer_normalised_cells_are_loops_of_onnx_over_any_length(tmp_path):
    model = Side(*(stack_of(*pair) for pair in EVERY if pair[1] != "none"))
    path = tmp_path / "model.onnx"
    save_onnx(model, path)
    assert operators(path)["Scan"] == len(model.stacks)
    assert_same_in_onnx_runtime(model, path)


LOADED = """
import sys, torch
program = torch.export.load(sys.argv[1]).module()
x, *expected = torch.load(sys.argv[2])
with torch.no_grad():
    for ours, theirs in zip(expected, program(x), strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)
print(any(name.startswith("grucli") for name in sys.modules))
"""


def program_of(model):
    with torch.no_grad():
        sizes = ({0: FREE, 1: FREE},)
        return torch.export.export(model, (torch.randn(2, 7, 3),), dynamic_shapes=sizes)


def test_a_program_of_torch_export_is_torchs_own_and_takes_any_length():
    model = Side(stack_of("gru"), stack_of("lstm", "split_state"))
    program = program_of(model)
    assert "grucli" not in program.graph_module.code
    for batch, steps in ((1, 9), (3, 1)):
        x = torch.randn(batch, steps, 3)
        with torch.no_grad():
            torch.testing.assert_close(program.module()(x), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_saved_program_of_every_cell_runs_without_grucli(tmp_path):
    model = Side(*(stack_of(*pair) for pair in EVERY))
    x = torch.randn(1, 11, 3)
    torch.export.save(program_of(model), tmp_path / "model.pt2")
    torch.save([x, *(part.detach() for part in model(x))], tmp_path / "expected.pt")
    files = [str(tmp_path / name) for name in ("model.pt2", "expected.pt")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED, *files],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's compiler
def test_an_exported_layer_has_gradients():
    model = Side(stack_of("gru", "split"))
    x = torch.randn(2, 7, 3, requires_grad=True)
    program = torch.export.export(model, (x,)).module()
    found, expected = (
        torch.autograd.grad(sum(part.sum() for part in each(x)), x) for each in (program, model)
    )
    torch.testing.assert_close(found, expected)
