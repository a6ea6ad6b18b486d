"""ONNX models give the matrices of the torch modules that they were exported from."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

from grucli.cells import CELLS
from grucli.errors import CheckpointError
from grucli.weights import build_weight_report, read_weights
from tests.onnx_files import model_of, node_of, one_node, saved, weights_of

TORCH = {"GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM, "RNN": torch.nn.RNN}


def assert_same_matrices(stack, module):
    """Every gate's rows of every parameter, bit for bit, and no other."""
    state = module.state_dict()
    seen = set()
    for name, values in stack.matrices():
        index = CELLS[stack.cell].gate_names.index(name.gate)
        hidden = stack.hidden
        expected = state[name.parameter][index * hidden : (index + 1) * hidden]
        np.testing.assert_array_equal(values, expected.numpy(), err_msg=name.long)
        seen.add(name.parameter)
    assert seen == set(state)


@pytest.mark.parametrize("op", TORCH)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_gates_of_a_node_are_those_of_the_torch_module(tmp_path, op, bidirectional):
    module = TORCH[op](3, 5, bidirectional=bidirectional)
    direction = "bidirectional" if bidirectional else "forward"
    model = one_node(weights_of(module, op=op), op=op, name="rnn", direction=direction)
    onnx.checker.check_model(model)
    file = read_weights(saved(tmp_path, model))
    (stack,) = file.modules
    assert (file.format, stack.prefix, stack.cell, stack.hidden) == (
        "ONNX model",
        "rnn.",
        op.lower(),
        5,
    )
    assert_same_matrices(stack, module)
    assert (file.notes, file.other_tensors) == ((), {})


class Reader(torch.nn.Module):
    """A recurrent module between other layers, as people export one."""

    def __init__(self, **sizes):
        super().__init__()
        self.rnn = torch.nn.GRU(3, batch_first=True, **sizes)
        self.out = torch.nn.LazyLinear(1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def test_what_torch_exports_is_read_back(tmp_path):
    model = Reader(hidden_size=128, num_layers=2, bidirectional=True).eval()
    x = torch.randn(2, 7, 3)
    model(x)
    path = tmp_path / "exported.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), path, dynamo=True, external_data=False, verbose=False)
    ops = {node.op_type for node in onnx.load(path).graph.node}
    assert ops >= {"GRU", "Slice", "Concat", "Unsqueeze"}
    file = read_weights(path)
    (stack,) = file.modules
    assert_same_matrices(stack, model.rnn)
    assert {"out.weight", "out.bias"} <= set(file.other_tensors)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floating_types_keep_their_values(tmp_path, dtype):
    arrays = {k: v.astype(dtype) for k, v in weights_of(torch.nn.GRU(3, 5)).items()}
    (stack,) = read_weights(saved(tmp_path, one_node(arrays))).modules
    assert stack.tensors["weight_ih_l0"].dtype == dtype
    np.testing.assert_array_equal(stack.tensors["weight_ih_l0"][:5], arrays["W"][0, 5:10])


def test_a_node_may_lack_biases_and_read_backwards(tmp_path):
    arrays = weights_of(torch.nn.GRU(3, 5))
    del arrays["B"]
    file = read_weights(saved(tmp_path, one_node(arrays, direction="reverse")))
    assert [name.long for name, _ in file.modules[0].matrices()][:2] == [
        "0r.reset.ih",
        "0r.update.ih",
    ]
    assert {item.part for item in build_weight_report(file).matrices} == {"ih", "hh"}


def test_weights_may_be_constant_nodes(tmp_path):
    module = torch.nn.GRU(3, 5)
    node, tensors = node_of(weights_of(module))
    constants = [helper.make_node("Constant", [], [t.name], value=t) for t in tensors]
    (stack,) = read_weights(saved(tmp_path, model_of([*constants, node], []))).modules
    assert_same_matrices(stack, module)


def stacked_nodes(module, between):
    """Two nodes with other operators between the first's Y and the second's X."""
    first, tensors = node_of(weights_of(module, 0), name="low")
    source, nodes = "lowY", [first]
    for index, op in enumerate(between):
        nodes.append(helper.make_node(op, [source], [f"between{index}"], name=f"{op}{index}"))
        source = f"between{index}"
    second, more = node_of(weights_of(module, 1), name="high", source=source)
    return model_of([*nodes, second], [*tensors, *more])


@pytest.mark.parametrize("between", [[], ["Squeeze"], ["Transpose", "Reshape", "Dropout"]])
def test_a_node_that_reads_anothers_output_is_the_layer_above(tmp_path, between):
    module = torch.nn.GRU(5, 5, num_layers=2)
    file = read_weights(saved(tmp_path, stacked_nodes(module, between)))
    (stack,) = file.modules
    assert_same_matrices(stack, module)


def test_a_node_that_reads_something_computed_is_a_stack_of_its_own(tmp_path):
    file = read_weights(saved(tmp_path, stacked_nodes(torch.nn.GRU(5, 5, num_layers=2), ["Relu"])))
    assert [(m.prefix, len(m.tensors)) for m in file.modules] == [("low.", 4), ("high.", 4)]


def test_nodes_without_names_are_numbered(tmp_path):
    first, tensors = node_of(weights_of(torch.nn.GRU(3, 5)))
    arrays = weights_of(torch.nn.RNN(3, 4), op="RNN")
    second, more = node_of(arrays, op="RNN", name="x")
    second.name = ""
    file = read_weights(saved(tmp_path, model_of([first, second], [*tensors, *more])))
    assert [module.prefix for module in file.modules] == ["GRU 0.", "RNN 1."]


ARRAYS = weights_of(torch.nn.GRU(3, 5))
LSTM = weights_of(torch.nn.LSTM(3, 5), op="LSTM")
RNN = weights_of(torch.nn.RNN(3, 5), op="RNN")


@pytest.mark.parametrize(
    ("arrays", "options", "says"),
    [
        (ARRAYS, {"linear_before_reset": 0}, "acts on the state before the product"),
        (ARRAYS, {"activations": ["HardSigmoid", "Tanh"]}, "other activations than usual: Hard"),
        (ARRAYS, {"clip": 1.0}, "clips its pre-activations"),
        (
            RNN,
            {"op": "RNN", "activations": ["Relu"]},
            "the activation relu, as with model.activation",
        ),
        (RNN, {"op": "RNN", "activations": ["Elu"]}, "other activations than usual: Elu"),
        (LSTM, {"op": "LSTM", "input_forget": 1}, "the forget gate is 1 - i"),
        (
            LSTM
            | {"sequence_lens": np.zeros(1, "i4"), "h": np.zeros(1), "c": np.zeros(1)}
            | {"P": np.zeros((1, 15), "f4")},
            {"op": "LSTM"},
            "has peepholes",
        ),
    ],
)
def test_a_node_that_is_another_cell_says_so(tmp_path, arrays, options, says):
    file = read_weights(saved(tmp_path, one_node(arrays, **options)))
    (note,) = file.notes
    assert says in note
    assert build_weight_report(file).notes == file.notes


def test_a_gru_node_without_the_attribute_is_another_cell(tmp_path):
    model = one_node(ARRAYS)
    del model.graph.node[0].attribute[:]
    (note,) = read_weights(saved(tmp_path, model)).notes
    assert "linear_before_reset = 0" in note


def test_usual_activations_may_be_written_out(tmp_path):
    model = one_node(
        weights_of(torch.nn.GRU(3, 5, bidirectional=True)),
        direction="bidirectional",
        activations=["Sigmoid", "Tanh", "sigmoid", "tanh"],
    )
    assert read_weights(saved(tmp_path, model)).notes == ()


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        ({"W": ARRAYS["W"][:, :14]}, {}, "W has shape (1, 14, 3); expected (1, 15, 3)"),
        ({"W": ARRAYS["W"][0]}, {}, "W has shape (15, 3); expected (1, 15, 3)"),
        ({"R": ARRAYS["R"][:, :, :4]}, {}, "R has shape (1, 15, 4); expected (1, 12, 4)"),
        ({"B": ARRAYS["B"][:, :15]}, {}, "B has shape (1, 15); expected (1, 30)"),
        ({}, {"direction": "bidirectional"}, "expected (2, 15, 3) for 5 units in 2 directions"),
        ({}, {"direction": "sideways"}, "direction sideways; expected one of forward, reverse"),
        ({"W": ARRAYS["W"].astype("i8")}, {}, "W is int64; expected floating-point weights"),
        ({"R": np.zeros((0, 0, 0), "f4")}, {}, "R has shape (0, 0, 0)"),
        ({"R": np.float32(1)}, {"hidden_size": 1}, "R has shape ()"),
    ],
)
def test_shapes_that_the_operator_does_not_have_are_named(tmp_path, change, options, what):
    node, tensors = node_of(ARRAYS, name="cell", **options)
    arrays = ARRAYS | change
    tensors = [numpy_helper.from_array(np.asarray(v), f"cell{k}") for k, v in arrays.items()]
    path = saved(tmp_path, model_of([node], tensors))
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert str(caught.value).startswith(f"{path}: GRU node cell: ")
    assert what in str(caught.value)


def test_a_model_without_recurrent_nodes_says_what_is_missing(tmp_path):
    body = helper.make_graph([helper.make_node("GRU", ["a", "b", "c"], ["d"])], "body", [], [])
    nodes = [
        helper.make_node("Loop", ["", "X"], ["Y"], name="again", body=body),
        helper.make_node("GRU", ["X", "W", "R"], ["Z"], domain="elsewhere"),
    ]
    with pytest.raises(CheckpointError) as caught:
        read_weights(saved(tmp_path, model_of(nodes, [])))
    assert "no recurrent layer (not looked into: the body of Loop node again)" in str(caught.value)


def test_a_body_beside_recurrent_nodes_is_mentioned(tmp_path):
    node, tensors = node_of(ARRAYS)
    body = helper.make_graph([], "body", [], [])
    loop = helper.make_node("Loop", ["", "X"], ["L"], name="again", body=body)
    model = model_of([loop, node], tensors)
    model.functions.append(helper.make_function("own", "f", [], [], [], []))
    assert read_weights(saved(tmp_path, model)).notes == (
        "Not looked into: the body of Loop node again.",
        "Not looked into: 1 functions of the model.",
    )
