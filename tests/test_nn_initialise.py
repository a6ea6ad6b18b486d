"""Where the matrices begin: drawn by gate, remembering for long, or copied from trained ones."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from grucli.errors import CheckpointError, RecipeError
from grucli.nn import GRU, LSTM, RNN, Forecaster, copy_matrices, initialise
from grucli.nn.initialise import matrices_in

C, H = 5, 16
CELLS = pytest.mark.parametrize("module_class", [GRU, LSTM, RNN])
VARIANTS = ["none", "split", "ba2016", "sum", "sum_joint"]


def matrices(module, kind):
    return {m.long: values.clone() for m, values in matrices_in(module) if m.kind == kind}


def seeded(module, **choices):
    torch.manual_seed(5)
    initialise(module, **choices)
    return module


@CELLS
def test_orthogonal_makes_every_gates_recurrent_matrix_orthogonal(module_class):
    module = seeded(module_class(C, H, 2, bidirectional=True), hidden_hidden="orthogonal")
    for matrix in matrices(module, "weight_hh").values():
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(H), atol=1e-5, rtol=0)


@CELLS
def test_orthogonal_input_matrices_have_orthonormal_columns(module_class):
    module = seeded(module_class(C, H), input_hidden="orthogonal")
    for matrix in matrices(module, "weight_ih").values():
        torch.testing.assert_close(matrix.T @ matrix, torch.eye(C), atol=1e-5, rtol=0)


@CELLS
def test_xavier_counts_the_units_of_one_gate_alone(module_class):
    module = seeded(module_class(C, H), input_hidden="xavier")
    bound = math.sqrt(6 / (C + H))
    for matrix in matrices(module, "weight_ih").values():
        assert 0.9 * bound < matrix.abs().max() <= bound


def test_uniform_is_what_torch_draws():
    drawn = seeded(GRU(C, H))
    torch.manual_seed(5)
    theirs = nn.GRU(C, H)
    assert all(torch.equal(a, b) for a, b in zip(drawn.parameters(), theirs.parameters()))  # noqa: B905


def test_one_choice_leaves_the_other_matrices_uniform():
    module = seeded(GRU(C, H), hidden_hidden="orthogonal")
    assert module.weight_ih_l0.abs().max() <= 1 / math.sqrt(H)
    assert module.weight_hh_l0.abs().max() > 1 / math.sqrt(H)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_layer_normalised_stacks_start_with_gain_one_and_no_bias(variant):
    module = seeded(GRU(C, H, layer_norm=variant))
    for matrix, values in matrices_in(module):
        if matrix.kind.startswith("gain"):
            assert torch.equal(values, torch.ones(H))
        if matrix.kind.startswith("bias"):
            kept = variant == "sum_joint" and matrix.gate == "update"
            assert torch.equal(values, torch.full((H,), float(kept)))


def test_gain_fills_every_gain_and_nothing_else():
    module = seeded(GRU(C, H, layer_norm="split"), gain=0.1)
    assert torch.equal(module.gain_ih_l0, torch.full((3 * H,), 0.1))
    assert torch.equal(module.gain_hh_l0, torch.full((3 * H,), 0.1))
    assert torch.equal(module.bias_ih_l0, torch.zeros(3 * H))


def summed_bias(module, gate):
    """What is added to the gate in the end, for layer 0 forwards."""
    biases = [
        values
        for matrix, values in matrices_in(module)
        if matrix.gate == gate and matrix.kind.startswith("bias") and matrix.place.layer == 0
    ]
    return sum(biases)


@pytest.mark.parametrize("variant", VARIANTS)
def test_chrono_biases_give_the_update_gate_a_memory_of_one_to_that_many_steps(variant):
    module = seeded(GRU(C, 400, layer_norm=variant), chrono_steps=100)
    spans = summed_bias(module, "update").exp()
    assert spans.min() >= 1 - 1e-5
    assert spans.max() <= 99 + 1e-3
    assert 45 < spans.mean() < 55
    assert summed_bias(module, "reset").abs().max() <= 2 / math.sqrt(400)


def test_chrono_biases_of_an_lstm_forget_late_and_let_in_little():
    module = seeded(LSTM(C, 400), chrono_steps=100)
    spans = summed_bias(module, "forget").exp()
    assert 45 < spans.mean() < 55
    assert torch.equal(summed_bias(module, "input"), -summed_bias(module, "forget"))


def test_chrono_draws_every_layer_and_direction_anew():
    module = seeded(GRU(C, H, 2, bidirectional=True), chrono_steps=100)
    drawn = [
        values for m, values in matrices_in(module) if m.gate == "update" and m.kind == "bias_hh"
    ]
    assert len({tuple(values.tolist()) for values in drawn}) == 4


@pytest.mark.parametrize(
    ("module", "choices", "words"),
    [
        (GRU(C, H), {"input_hidden": "zeros"}, "'zeros' is unknown; expected one of uniform, xav"),
        (GRU(C, H), {"gain": 0.5}, "gain: 0.5 has nothing to act on"),
        (RNN(C, H), {"chrono_steps": 9}, "no gate that keeps its state"),
        (GRU(C, H, bias=False), {"chrono_steps": 9}, "no biases"),
        (GRU(C, H), {"chrono_steps": 1}, "chrono_steps: 1 is too short"),
    ],
)
def test_a_choice_that_cannot_act_is_refused(module, choices, words):
    with pytest.raises(RecipeError, match=words):
        initialise(module, **choices)


def as_arrays(module, prefix=""):
    return {prefix + name: value.numpy().copy() for name, value in module.state_dict().items()}


@CELLS
@pytest.mark.parametrize("prefix", ["", "recurrent.", "model.encoder.rnn."])
def test_all_matrices_are_copied_from_under_any_prefix(module_class, prefix):
    trained, fresh = (module_class(C, H, 2, bidirectional=True) for _ in range(2))
    copy_matrices(fresh, as_arrays(trained, prefix) | {"decoder.weight": np.zeros((1, H))})
    assert all(torch.equal(fresh.state_dict()[n], v) for n, v in trained.state_dict().items())


def changed(before, module):
    return [m.long for m, values in matrices_in(module) if not torch.equal(before[m.long], values)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["W_hz"], ["0.update.hh", "0r.update.hh", "1.update.hh", "1r.update.hh"]),
        (["0.update.hh"], ["0.update.hh"]),
        (["1r.reset.ih", "b_xn"], None),
    ],
)
def test_only_the_named_matrices_are_copied(names, expected):
    trained, fresh = (GRU(C, H, 2, bidirectional=True) for _ in range(2))
    before = {m.long: values.clone() for m, values in matrices_in(fresh)}
    copy_matrices(fresh, trained.state_dict(), names)
    expected = expected or [
        "0.candidate.bias_ih",
        "0r.candidate.bias_ih",
        "1.candidate.bias_ih",
        "1r.reset.ih",
        "1r.candidate.bias_ih",
    ]
    assert changed(before, fresh) == expected


def test_named_matrices_may_come_from_a_model_with_other_inputs():
    trained, fresh = GRU(C + 3, H), GRU(C, H, layer_norm="split")
    copy_matrices(fresh, trained.state_dict(), ["W_hr", "W_hz", "W_hn"])
    assert torch.equal(fresh.weight_hh_l0, trained.weight_hh_l0)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(RecipeError, match=r"'W_hq' is no matrix.*did you mean 'W_h.'") as caught:
        copy_matrices(GRU(C, H), GRU(C, H).state_dict(), ["W_hq", "0.updat.hh"])
    assert len(caught.value.problems) == 2
    assert "did you mean '0.update.hh'" in caught.value.problems[1]


def test_shapes_that_do_not_fit_are_all_named_and_nothing_is_written():
    fresh = GRU(C, H, 2)
    before = as_arrays(fresh)
    trained = GRU(C + 1, H).state_dict()
    with pytest.raises(CheckpointError) as caught:
        copy_matrices(fresh, trained)
    problems = "\n".join(caught.value.problems)
    assert "weight_ih_l0: trained with shape (48, 6); this model expects (48, 5)" in problems
    assert "weight_hh_l1: not among the trained weights" in problems
    assert all(np.array_equal(before[name], value) for name, value in as_arrays(fresh).items())


def test_weights_of_another_cell_are_refused_by_name():
    with pytest.raises(CheckpointError, match="a gru has 3 rows for each column"):
        copy_matrices(GRU(C, H), LSTM(C, H).state_dict(), ["W_xz"])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"fc.weight": np.zeros((2, 2))}, "found none"),
        (
            as_arrays(GRU(C, H), "encoder.") | as_arrays(GRU(C, H), "decoder."),
            "found 'decoder.' and 'encoder.'",
        ),
    ],
)
def test_weights_without_exactly_one_stack_are_refused(weights, words):
    with pytest.raises(CheckpointError, match=words):
        copy_matrices(GRU(C, H), weights)


def test_a_forecaster_copies_its_decoder_only_when_everything_is_asked_for():
    trained, fresh = Forecaster(hidden=H), Forecaster(hidden=H)
    untouched = fresh.decoder.weight.clone()
    fresh.copy_weights(trained.state_dict(), ["W_hz"])
    assert torch.equal(fresh.decoder.weight, untouched)
    fresh.copy_weights(as_arrays(trained))
    assert all(torch.equal(fresh.state_dict()[n], v) for n, v in trained.state_dict().items())


def test_a_decoder_for_another_horizon_is_refused_with_the_way_out():
    fresh = Forecaster(hidden=H, horizon=3)
    before = as_arrays(fresh)
    with pytest.raises(CheckpointError, match=r"decoder.weight.*\(1, 16\).*\(3, 16\).*name the"):
        fresh.copy_weights(Forecaster(hidden=H).state_dict())
    assert all(np.array_equal(before[name], value) for name, value in as_arrays(fresh).items())
