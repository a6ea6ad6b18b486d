"""Names of matrices as torch, Keras and people write them give the same numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli.cells import CELLS
from grucli.cells.address import MatrixAddress, Place, matrices_of, split_address
from grucli.cells.naming import NAMINGS, shown_name

TORCH = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}


def matrices(module, cell):
    for parameter, values in module.state_dict().items():
        for name in matrices_of(cell, parameter):
            yield name, name.of(values.numpy())


@pytest.mark.parametrize("cell", TORCH)
def test_torchs_names_are_expressions_that_give_the_matrix(cell):
    module = TORCH[cell](3, 4, num_layers=2, bidirectional=True)
    parameters = {name: value.numpy() for name, value in module.state_dict().items()}
    for name, values in matrices(module, cell):
        found = eval(shown_name("torch", name, 4), {}, parameters)
        np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("cell", TORCH)
def test_keras_names_are_expressions_that_give_the_matrix(cell):
    module = TORCH[cell](3, 4)
    blocks = {(name.kind, name.gate): values for name, values in matrices(module, cell)}
    order = {"gru": "zrh", "lstm": "ifco", "rnn": "h"}[cell]
    letters = CELLS[cell].keras.letters
    gates = [gate for letter in order for gate, known in letters.items() if known == letter]
    assert len(gates) == len(CELLS[cell].gates)
    in_keras = {
        "kernel": np.concatenate([blocks["weight_ih", gate].T for gate in gates], axis=1),
        "recurrent_kernel": np.concatenate([blocks["weight_hh", g].T for g in gates], axis=1),
        "bias": np.stack(
            [np.concatenate([blocks[kind, g] for g in gates]) for kind in ("bias_ih", "bias_hh")]
        ),
    }
    for name, values in matrices(module, cell):
        shown = shown_name("keras", name, 4)
        if name.kind.startswith("weight") or cell == "gru":
            np.testing.assert_array_equal(eval(shown, {}, in_keras), values)
        else:
            assert shown.endswith(("(input part)", "(hidden part)"))


@pytest.mark.parametrize(
    ("naming", "cell", "address", "name"),
    [
        ("symbols", "gru", "0.update.hh", "W_hz"),
        ("torch", "gru", "1r.update.hh", "weight_hh_l1_reverse[64:128]"),
        ("keras", "gru", "0.update.hh", "recurrent_kernel[:, 0:64].T"),
        ("keras", "gru", "0.update.bias_hh", "bias[1, 0:64]"),
        ("keras", "lstm", "0.forget.bias_ih", "bias[64:128] (input part)"),
        ("keras", "gru", "0.update.gain_hh", "g_hz"),
        ("words", "gru", "0.update.hh", "update, hidden to hidden"),
        ("words", "gru", "coder.0.candidate.gain", "candidate, gain"),
        ("torch", "gru", "0.candidate.gain", "gain_sum_l0[128:192]"),
        ("symbols", "gru", "0.ih", "W_x"),
        ("torch", "lstm", "0.ih", "weight_ih_l0"),
        ("words", "rnn", "0.ih", "input to hidden"),
    ],
)
def test_each_way_of_naming_has_its_own_words(naming, cell, address, name):
    assert shown_name(naming, MatrixAddress.parse(address, cell), 64) == name


@pytest.mark.parametrize("naming", NAMINGS)
def test_no_two_matrices_of_a_layer_share_a_name(naming):
    for cell, module in TORCH.items():
        names = [shown_name(naming, n, 4) for n, _ in matrices(module(3, 4), cell)]
        assert len(set(names)) == len(names)


def test_addresses_are_taken_apart_with_and_without_a_stack():
    assert split_address("coder.gru.0r.update.hh") == ("coder.gru.", "0r", "update", "hh")
    assert split_address("0.ih") == ("", "0", "", "ih")
    assert split_address("coder.0.ih") == ("coder.", "0", "", "ih")


def test_an_address_is_that_of_the_given_cell_whatever_other_cells_call_their_gates(monkeypatch):
    last = replace(CELLS["gru"], name="last", gates=CELLS["gru"].gates[::-1])
    monkeypatch.setitem(CELLS, "last", last)
    ours, theirs = (MatrixAddress.parse("0.reset.hh", cell) for cell in ("gru", "last"))
    assert ours.long == theirs.long
    stacked = np.arange(6)
    assert ours.of(stacked).tolist() == [0, 1]
    assert theirs.of(stacked).tolist() == [4, 5]
    assert shown_name("torch", theirs, 2) == "weight_hh_l0[4:6]"


@pytest.mark.parametrize(
    ("address", "cell"), [("0.forget.hh", "gru"), ("0.update.hh", "rnn"), ("0.update.head", "gru")]
)
def test_an_address_that_the_cell_has_not_is_an_error(address, cell):
    with pytest.raises(ValueError, match=f"{address}: no matrix of a {cell}"):
        MatrixAddress.parse(address, cell)


def test_every_matrix_is_found_again_at_its_address():
    for cell, module in TORCH.items():
        for name, _ in matrices(module(3, 4, num_layers=2, bidirectional=True), cell):
            assert MatrixAddress.parse(name.long, cell) == name


def test_rows_that_do_not_divide_among_the_gates_are_an_error():
    matrix = MatrixAddress("gru", Place(0), "update", "weight_hh")
    with pytest.raises(ValueError, match="weight_hh_l0: 7 rows do not divide among 3"):
        matrix.of(np.zeros((7, 2)))
