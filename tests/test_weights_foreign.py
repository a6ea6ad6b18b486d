"""Recurrent layers are found in any file by name and shape, and nothing is guessed."""

import dataclasses
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrizations, prune

from grucli.cells import CELLS
from grucli.errors import CheckpointError
from grucli.nn import GRU, MODULES
from grucli.weights import read_weights, select_matrix
from grucli.weights.foreign.named import named_modules
from tests.foreign_weights import saved, with_prefix
from tests.kernel_cases import EVERY_VARIANT


def own(weights, *, hidden=5, **model):
    """A checkpoint of ours, as far as inspection reads it."""
    asked = {"cell": "gru", "hidden": hidden, "layers": 1, "layer_norm": "none"} | model
    return {
        "format": "grucli checkpoint",
        "weights": weights,
        "recipe": {"name": "small", "model": asked},
        "columns": ["level", "rain", "wind"],
        "training": {"step": 3},
    }


def test_of_cells_with_as_many_gates_the_one_that_the_recipe_names_is_meant():
    state = {name: values.numpy() for name, values in MODULES["gru"](3, 5).state_dict().items()}
    (unnamed,) = named_modules("file.pt", state)
    (named,) = named_modules("file.pt", state, dataclasses.replace(CELLS["gru"], name="sibling"))
    assert (unnamed.cell, named.cell) == ("gru", "sibling")
    (other,) = named_modules("file.pt", state, CELLS["lstm"])
    assert other.cell == "gru"


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_gates_of_torch_modules_are_their_own_rows(tmp_path, cell, bidirectional):
    torch_class = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}[cell]
    module = torch_class(3, 5, num_layers=2, bidirectional=bidirectional)
    file = read_weights(saved(tmp_path, module.state_dict()))
    (stack,) = file.modules
    assert (stack.cell, stack.hidden, stack.layer_norm) == (cell, 5, "none")
    seen = {}
    for name, values in stack.matrices():
        index = CELLS[cell].gate_names.index(name.gate)
        expected = module.state_dict()[name.parameter][5 * index : 5 * (index + 1)]
        np.testing.assert_array_equal(values, expected.numpy())
        seen[name.long] = values
    assert len(seen) == len(module.state_dict()) * len(CELLS[cell].gates)


def test_a_plain_network_of_torch_does_not_say_its_activation(tmp_path):
    notes = {}
    for name, kind in (("rnn", torch.nn.RNN), ("gru", torch.nn.GRU)):
        notes[name] = read_weights(saved(tmp_path, kind(3, 5).state_dict())).notes
    (note,) = notes["rnn"]
    assert note.startswith("The tensors of a rnn are the same with tanh or relu, and the file does")
    assert notes["gru"] == ()
    ours = own(torch.nn.RNN(3, 5).state_dict(), cell="rnn", activation="relu")
    assert read_weights(saved(tmp_path, ours)).notes == ()


def test_several_stacks_are_told_apart_by_their_prefix_and_the_rest_is_listed(tmp_path):
    model = torch.nn.ModuleDict(
        {"coder": torch.nn.GRU(3, 5), "reader": torch.nn.LSTM(2, 4), "out": torch.nn.Linear(4, 1)}
    )
    file = read_weights(saved(tmp_path, model.state_dict()))
    assert [(m.prefix, m.cell) for m in file.modules] == [("coder.", "gru"), ("reader.", "lstm")]
    assert file.other_tensors == {"out.weight": (1, 4), "out.bias": (1,)}


def test_a_single_cell_counts_as_layer_0(tmp_path):
    file = read_weights(saved(tmp_path, with_prefix("step.", torch.nn.GRUCell(3, 5).state_dict())))
    (stack,) = file.modules
    assert [name.long for name, _ in stack.matrices()][:2] == ["0.reset.ih", "0.update.ih"]
    assert file.other_tensors == {}


def test_an_lstm_with_projections_is_no_other_cell(tmp_path):
    module = torch.nn.LSTM(3, 6, proj_size=2)
    file = read_weights(saved(tmp_path, module.state_dict()))
    assert [(m.cell, m.hidden) for m in file.modules] == [("lstm", 6)]
    assert file.other_tensors == {"weight_hr_l0": (2, 6)}


def test_a_lightning_checkpoint_is_read_through_its_state_dict(tmp_path):
    state = with_prefix("model.rnn.", torch.nn.GRU(3, 5).state_dict())
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": state,
        "optimizer_states": [{"state": {0: {"step": torch.tensor(3.0)}}}],
        "hyper_parameters": {"lr": 0.1},
    }
    file = read_weights(saved(tmp_path, content))
    assert file.format == "Lightning checkpoint"
    assert file.modules[0].prefix == "model.rnn."


def test_a_lightning_checkpoint_with_objects_names_them(tmp_path):
    content = {
        "pytorch-lightning_version": "2.4.0",
        "state_dict": torch.nn.GRU(3, 5).state_dict(),
        "hyper_parameters": {"where": tmp_path},
    }
    with pytest.raises(CheckpointError, match=r"the file asks for pathlib\S*PosixPath"):
        read_weights(saved(tmp_path, content))


def test_the_entry_that_holds_the_weights_is_named(tmp_path):
    file = read_weights(saved(tmp_path, {"epoch": 1, "model": torch.nn.GRU(3, 5).state_dict()}))
    assert file.format == "torch state_dict in the entry 'model'"


def test_two_entries_with_weights_are_not_chosen_between(tmp_path):
    state = torch.nn.GRU(3, 5).state_dict()
    with pytest.raises(CheckpointError, match=r"recurrent weights in 2 entries \(model, ema\)"):
        read_weights(saved(tmp_path, {"model": state, "ema": state}))


def test_safetensors_are_read_by_the_same_names(tmp_path):
    values = {name: value.numpy() for name, value in torch.nn.GRU(3, 5).state_dict().items()}
    header, data = {}, b""
    for name, array in values.items():
        span = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": span}
        data += array.tobytes()
    raw = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)
    file = read_weights(path)
    assert (file.format, file.modules[0].cell) == ("safetensors", "gru")
    np.testing.assert_array_equal(file.tensors["bias_hh_l0"], values["bias_hh_l0"])


def test_a_checkpoint_of_ours_brings_its_recipe_and_its_facts(tmp_path):
    state = with_prefix("stack.", torch.nn.GRU(3, 5).state_dict())
    file = read_weights(saved(tmp_path, own(state)))
    assert file.format == "grucli checkpoint"
    assert file.recipe["name"] == "small"
    assert file.facts == {"format": "grucli checkpoint", "columns": ["level", "rain", "wind"]}


@pytest.mark.parametrize(
    ("layer_norm", "read_without_recipe"),
    [("split", "split or ba2016"), ("ba2016", "split or ba2016"), ("sum", "sum or sum_joint")],
)
def test_layer_normalisation_is_told_by_the_gains_and_the_recipe(
    tmp_path, layer_norm, read_without_recipe
):
    state = dict(torch.nn.GRU(3, 5).state_dict())
    gains = ["gain_sum"] if layer_norm == "sum" else ["gain_ih", "gain_hh"]
    state |= {f"{gain}_l0": torch.ones(15) for gain in gains}
    bare = read_weights(saved(tmp_path, state))
    ours = read_weights(saved(tmp_path, own(state, layer_norm=layer_norm)))
    assert bare.modules[0].layer_norm == read_without_recipe
    assert ours.modules[0].layer_norm == layer_norm


@pytest.mark.parametrize(("cell", "layer_norm"), EVERY_VARIANT)
@pytest.mark.parametrize("norm_bias", [False, True])
def test_every_matrix_of_every_variant_is_found_in_the_file(tmp_path, cell, layer_norm, norm_bias):
    if norm_bias and layer_norm == "none":
        pytest.skip("nothing is normalised")
    stack = MODULES[cell](3, 5, 2, layer_norm=layer_norm, norm_bias=norm_bias, bidirectional=True)
    file = read_weights(saved(tmp_path, stack.state_dict()))
    (module,) = file.modules
    assert (module.cell, module.hidden) == (cell, 5)
    assert layer_norm in module.layer_norm.split(" or ")
    assert file.other_tensors == {}
    held = {}
    for name, values in module.matrices():
        held.setdefault(name.parameter, []).append(values)
        assert select_matrix(file, name.long).values[-1][-1] == values.ravel()[-1]
    for name, values in stack.state_dict().items():
        np.testing.assert_array_equal(np.concatenate(held.pop(name)), values.numpy())
    assert held == {}


def test_the_gain_of_a_state_has_a_name_of_its_own(tmp_path):
    stack = MODULES["lstm"](3, 5, layer_norm="split_state")
    with torch.no_grad():
        stack.gain_state_l0.copy_(torch.arange(5))
    file = read_weights(saved(tmp_path, stack.state_dict()))
    assert file.modules[0].layer_norm == "split or ba2016 or split_state"
    for address in ("0.cell_state.gain", "g_c", "gain_state_l0"):
        matrix = select_matrix(file, address)
        assert [row[0] for row in matrix.values] == [0, 1, 2, 3, 4]
    assert (matrix.gate, matrix.part, matrix.columns) == ("cell_state", "gain", ("gain",))
    path = saved(tmp_path, stack.state_dict() | {"gain_state_l0": torch.ones(20)})
    with pytest.raises(
        CheckpointError, match=r"gain_state_l0: shape \(20,\); expected 1 .* 5 rows"
    ):
        read_weights(path)


def test_gains_that_no_layer_normalisation_has_are_not_guessed_about(tmp_path):
    state = torch.nn.LSTM(3, 5).state_dict() | {"gain_sum_l0": torch.ones(20)}
    with pytest.raises(
        CheckpointError, match="gain_sum: no layer normalisation of a lstm has these"
    ):
        read_weights(saved(tmp_path, state))


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ({"hidden": 10**9}, "model.hidden: the recipe says 1000000000, the weights 5"),
        ({"cell": "lstm"}, "model.cell: the recipe says lstm, the weights gru"),
        ({"layers": 2}, "model.layers: the recipe says 2, the weights 1"),
    ],
)
def test_a_recipe_that_disagrees_with_the_weights_is_refused(tmp_path, model, what):
    with pytest.raises(CheckpointError) as caught:
        read_weights(saved(tmp_path, own(torch.nn.GRU(3, 5).state_dict(), **model)))
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"weight_hh_l0": torch.ones(15, 4)}, "15 rows for 4 units; expected 1"),
        ({"weight_hh_l0": torch.ones(15)}, "weight_hh_l0: not there or no matrix"),
        ({"weight_ih_l0": torch.ones(14, 3)}, "weight_ih_l0: shape (14, 3); expected 2 dim"),
        ({"bias_ih_l0": torch.ones(15, 1)}, "bias_ih_l0: shape (15, 1); expected 1 dim"),
        ({"weight_hh_l1": torch.ones(15, 4)}, "weight_hh_l1: shape (15, 4); expected 5 columns"),
        ({"bias_ih_l0": torch.ones(15, dtype=torch.int64)}, "bias_ih_l0: int64; expected float"),
    ],
)
def test_shapes_that_do_not_belong_together_are_named(tmp_path, change, what):
    state = dict(torch.nn.GRU(3, 5).state_dict()) | change
    path = saved(tmp_path, state)
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert what in str(caught.value)


def without(state, *names):
    return {name: value for name, value in state.items() if name not in names}


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (without(torch.nn.GRU(3, 5, 2).state_dict(), "weight_ih_l1"), "weight_ih_l1: not there"),
        (torch.nn.LSTM(3, 5).state_dict() | {"bias_hh_l0_reverse": torch.ones(20)},
         "weight_hh_l0_reverse: not there"),
        (without(GRU(3, 5, layer_norm="split").state_dict(), "weight_ih_l0"),
         "weight_ih_l0: not there"),
        (torch.nn.RNN(3, 5).state_dict() | {"weight_hh_l9": torch.ones(5, 5)},
         "weight_hh_l9: one of 2 layers"),
    ],
    ids=["a layer", "a direction", "beside gains", "a gap"],
)  # fmt: skip
def test_a_stack_that_lacks_a_parameter_is_refused(tmp_path, state, what):
    with pytest.raises(CheckpointError) as caught:
        read_weights(saved(tmp_path, state))
    assert what in str(caught.value)


@pytest.mark.parametrize("content", [{"a": torch.ones(3)}, {}, [1, 2], {"weights": 1}])
def test_a_file_without_recurrent_layers_says_what_is_missing(tmp_path, content):
    with pytest.raises(CheckpointError, match=r"no recurrent layer.*such as weight_hh_l0"):
        read_weights(saved(tmp_path, content))


def test_looking_at_weights_imports_no_torch(tmp_path):
    path = saved(tmp_path, torch.nn.GRU(3, 5).state_dict())
    program = (
        "import sys; from grucli.weights import build_weight_report, read_weights; "
        "build_weight_report(read_weights(sys.argv[1])); "
        "print({'torch', 'pandas', 'pydantic'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_tensors_are_found_however_deep_they_lie(tmp_path, depth):
    content = torch.nn.GRU(3, 5).state_dict()
    for level in range(depth):
        content = {f"level{level}": content, "step": 3}
    file = read_weights(saved(tmp_path, content))
    where = ".".join(f"level{level}" for level in reversed(range(depth)))
    assert file.format == f"torch state_dict in the entry '{where}'"
    assert file.modules[0].cell == "gru"


def test_tensors_that_lie_deep_are_counted_where_none_is_recurrent(tmp_path):
    content = {"state": {"model": {"weight": torch.ones(3), "bias": torch.ones(1)}}}
    with pytest.raises(CheckpointError, match=r"but 2 tensors \(state.model.weight, state.model.b"):
        read_weights(saved(tmp_path, content))


def test_an_lstm_with_projections_is_named_and_no_model_begins_with_it(tmp_path):
    file = read_weights(saved(tmp_path, torch.nn.LSTM(3, 6, proj_size=2).state_dict()))
    (note,) = file.notes
    assert note.startswith("The state of the stack is projected, h = W_hr (o * tanh(c)), from 6 un")
    assert file.obstacles == (note,)


def under(kind):
    """A GRU of torch some of whose weights are parametrised, and what these are."""
    torch.manual_seed(2)
    gru = torch.nn.GRU(3, 5)
    if kind == "pruned":
        prune.random_unstructured(gru, "weight_hh_l0", amount=0.5)
    elif kind == "old weight norm":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            torch.nn.utils.weight_norm(gru, "weight_hh_l0")
    elif kind == "weight norm":
        parametrizations.weight_norm(gru, "weight_hh_l0")
    elif kind == "weight norm of columns":
        parametrizations.weight_norm(gru, "weight_hh_l0", dim=1)
    elif kind == "spectral norm":
        parametrizations.spectral_norm(gru, "weight_hh_l0").eval()
    else:
        torch.nn.utils.spectral_norm(gru, "weight_hh_l0").eval()
        gru(torch.ones(1, 1, 3))
    return gru.state_dict(), gru.weight_hh_l0.detach()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pruned", "weight_hh_l0: pruned, shown as the original times its mask."),
        ("old weight norm", "weight_hh_l0: under weight norm, shown as g v / |v|."),
        ("weight norm", "weight_hh_l0: under weight norm, shown as g v / |v|."),
        ("weight norm of columns", "weight_hh_l0: under weight norm, shown as g v / |v|."),
        ("spectral norm", "weight_hh_l0: under spectral norm, shown as W / sigma."),
        ("old spectral norm", "weight_hh_l0: under spectral norm, shown as W / sigma."),
    ],
)
def test_parametrised_weights_are_shown_as_what_they_make(tmp_path, kind, words):
    state, weight = under(kind)
    assert "weight_hh_l0" not in state
    file = read_weights(saved(tmp_path, state))
    assert words in file.notes
    assert file.obstacles == ()
    assert file.other_tensors == {}
    np.testing.assert_allclose(file.tensors["weight_hh_l0"], weight.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"weight_hh_l0_mask": torch.ones(15, 4)}, r"parts of shapes \(15, 5\), \(15, 4\); expec"),
        ({"weight_hh_l0_mask": None}, "weight_hh_l0: parametrised in a way that is not known"),
    ],
    ids=["mask of another shape", "no mask"],
)
def test_parts_that_make_no_weight_are_refused(tmp_path, change, what):
    state, _ = under("pruned")
    state = {name: v for name, v in (state | change).items() if v is not None}
    with pytest.raises(CheckpointError, match=what):
        read_weights(saved(tmp_path, state))
