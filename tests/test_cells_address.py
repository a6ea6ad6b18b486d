"""Names of matrices as torch, Keras and people write them give the same numbers."""

import numpy as np
import pytest
import torch

from grucli.cells.address import (
    CONVENTIONS,
    GATES,
    KERAS,
    ONNX_ORDER,
    cells_of,
    matrices_of,
    split_address,
)
from grucli.cells.naming import NAMINGS, shown_name

TORCH = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}


def matrices(module, cell):
    for parameter, values in module.state_dict().items():
        for name in matrices_of(cell, parameter, len(values)):
            yield name, values.numpy()[name.rows]


@pytest.mark.parametrize("cell", GATES)
def test_torchs_names_are_expressions_that_give_the_matrix(cell):
    module = TORCH[cell](3, 4, num_layers=2, bidirectional=True)
    parameters = {name: value.numpy() for name, value in module.state_dict().items()}
    for name, values in matrices(module, cell):
        found = eval(shown_name("torch", name.long, 4), {}, parameters)
        np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("cell", GATES)
def test_keras_names_are_expressions_that_give_the_matrix(cell):
    module = TORCH[cell](3, 4)
    blocks = {(name.kind, name.gate): values for name, values in matrices(module, cell)}
    order = {"gru": "zrh", "lstm": "ifco", "rnn": "h"}[cell]
    gates = [gate for letter in order for gate, known in KERAS[cell].items() if known == letter]
    assert len(gates) == len(GATES[cell])
    in_keras = {
        "kernel": np.concatenate([blocks["weight_ih", gate].T for gate in gates], axis=1),
        "recurrent_kernel": np.concatenate([blocks["weight_hh", g].T for g in gates], axis=1),
        "bias": np.stack(
            [np.concatenate([blocks[kind, g] for g in gates]) for kind in ("bias_ih", "bias_hh")]
        ),
    }
    for name, values in matrices(module, cell):
        shown = shown_name("keras", name.long, 4)
        if name.kind.startswith("weight") or cell == "gru":
            np.testing.assert_array_equal(eval(shown, {}, in_keras), values)
        else:
            assert shown.endswith(("(input part)", "(hidden part)"))


@pytest.mark.parametrize(
    ("naming", "address", "name"),
    [
        ("symbols", "0.update.hh", "W_hz"),
        ("torch", "1r.update.hh", "weight_hh_l1_reverse[64:128]"),
        ("keras", "0.update.hh", "recurrent_kernel[:, 0:64].T"),
        ("keras", "0.update.bias_hh", "bias[1, 0:64]"),
        ("keras", "0.forget.bias_ih", "bias[64:128] (input part)"),
        ("keras", "0.update.gain_hh", "g_hz"),
        ("words", "0.update.hh", "update, hidden to hidden"),
        ("words", "coder.0.candidate.gain", "candidate, gain"),
        ("torch", "0.candidate.gain", "gain_sum_l0[128:192]"),
        ("symbols", "0.ih", "W_x"),
        ("torch", "0.ih", "weight_ih_l0"),
        ("words", "0.ih", "input to hidden"),
    ],
)
def test_each_way_of_naming_has_its_own_words(naming, address, name):
    assert shown_name(naming, address, 64) == name


@pytest.mark.parametrize("naming", NAMINGS)
def test_no_two_matrices_of_a_layer_share_a_name(naming):
    for cell in GATES:
        names = [shown_name(naming, n.long, 4) for n, _ in matrices(TORCH[cell](3, 4), cell)]
        assert len(set(names)) == len(names)


def test_addresses_are_taken_apart_with_and_without_a_stack():
    assert split_address("coder.gru.0r.update.hh") == ("coder.gru.", "0r", "update", "hh")
    assert split_address("0.ih") == ("", "0", "", "ih")
    assert split_address("coder.0.ih") == ("coder.", "0", "", "ih")


def test_every_cell_has_its_gates_in_every_order():
    for cell, gates in GATES.items():
        assert set(KERAS[cell]) == set(ONNX_ORDER[cell]) == set(gates)
        assert cells_of(gates) == [cell]
    assert set(CONVENTIONS) == set(GATES)
