"""Two files beside each other, and one matrix out of a file."""

import math

import numpy as np
import pytest
import torch

from grucli.errors import UsageError
from grucli.weights import compare_weights, select_matrix
from tests.weight_files import file_of


def gru_state(seed=0, hidden_size=4, **options):
    torch.manual_seed(seed)
    return dict(torch.nn.GRU(3, hidden_size, **options).state_dict())


def changes_between(tmp_path, before, after):
    pair = file_of(tmp_path, before, "a.pt"), file_of(tmp_path, after, "b.pt")
    return {change.name: change for change in compare_weights(*pair).changes}


def test_a_file_beside_itself_has_not_moved(tmp_path):
    for change in changes_between(tmp_path, gru_state(), gru_state()).values():
        assert (change.relative_change, change.change_effective_rank) == (0.0, None)
        assert change.cosine_similarity == pytest.approx(1.0)


def test_a_scaled_matrix_changes_its_norm_and_not_its_direction(tmp_path):
    before = gru_state()
    after = before | {"weight_hh_l0": 3 * before["weight_hh_l0"]}
    changes = changes_between(tmp_path, before, after)
    moved = changes["0.update.hh"]
    assert moved.frobenius_norm_after == pytest.approx(3 * moved.frobenius_norm_before)
    assert moved.relative_change == pytest.approx(2.0)
    assert moved.cosine_similarity == pytest.approx(1.0)
    assert changes["0.update.ih"].relative_change == 0.0


def test_a_step_in_one_direction_has_rank_one(tmp_path):
    before = gru_state()
    step = torch.zeros(12, 4)
    step[4:8] = torch.outer(torch.arange(4.0), torch.ones(4))
    changes = changes_between(
        tmp_path, before, before | {"weight_hh_l0": before["weight_hh_l0"] + step}
    )
    assert changes["0.update.hh"].change_effective_rank == pytest.approx(1.0, abs=1e-4)


def comparison_of(tmp_path, before, after):
    return compare_weights(file_of(tmp_path, before, "a.pt"), file_of(tmp_path, after, "b.pt"))


def test_two_draws_are_told_from_a_network_that_moved(tmp_path):
    first, other = (gru_state(seed, hidden_size=24) for seed in (0, 1))
    moved = {name: value + 0.5 * other[name] for name, value in first.items()}
    assert comparison_of(tmp_path, first, other).is_of_two_draws
    assert not comparison_of(tmp_path, first, moved).is_of_two_draws
    assert not comparison_of(tmp_path, first, first).is_of_two_draws


def test_spectra_are_the_same_whatever_the_order_of_units(tmp_path):
    before = gru_state(hidden_size=24)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    after = dict(before)
    for name, value in before.items():
        rows = torch.cat([part[order] for part in value.chunk(3)])
        after[name] = rows[:, order] if name == "weight_hh_l0" else rows
    comparison = comparison_of(tmp_path, before, after)
    assert comparison.is_of_two_draws
    for change in comparison.changes:
        if len(change.shape) == 2:
            assert change.relative_change > 0.5
            assert change.spectrum_distance == pytest.approx(0, abs=1e-5)
    doubled = before | {"weight_hh_l0": 2 * before["weight_hh_l0"]}
    found = {c.name: c.spectrum_distance for c in comparison_of(tmp_path, before, doubled).changes}
    assert found["0.update.hh"] == pytest.approx(1)
    assert found["0.update.bias_hh"] is None


def test_a_bias_that_leaves_zero_changed_beyond_any_share(tmp_path):
    before = gru_state() | {"bias_hh_l0": torch.zeros(12)}
    change = changes_between(tmp_path, before, gru_state())["0.reset.bias_hh"]
    assert change.relative_change == math.inf
    assert math.isnan(change.cosine_similarity)


def test_matrices_of_one_file_only_are_listed(tmp_path):
    wide = gru_state() | {"weight_ih_l0": torch.ones(12, 5)}
    comparison = compare_weights(
        file_of(tmp_path, wide, "a.pt"), file_of(tmp_path, gru_state(num_layers=2), "b.pt")
    )
    assert comparison.only_before == ("0.reset.ih", "0.update.ih", "0.candidate.ih")
    assert "1.update.hh" in comparison.only_after
    assert "0.update.ih" in comparison.only_after


def test_the_prefix_of_a_single_stack_does_not_matter(tmp_path):
    renamed = {f"rnn.{name}": value for name, value in gru_state().items()}
    assert len(changes_between(tmp_path, gru_state(), renamed)) == 12


DATA = {"path": "t.csv", "rows": 3, "sha256": "0"}


def test_what_was_asked_for_comes_before_what_came_of_it(tmp_path):
    def facts(value):
        progress = dict.fromkeys(("epoch", "step", "best_epoch", "best_valid_loss"), 1)
        progress |= {"threads": 1, "test_scores": None, "kernel": value}
        return {
            "columns": [value],
            "data": {"path": value, "rows": 1, "sha256": ""},
            "progress": progress,
            "scaler": {"x": value},
            "recipe": {"name": value},
        }

    pair = (
        file_of(tmp_path, gru_state(), "a.pt", **facts("a")),
        file_of(tmp_path, gru_state(), "b.pt", **facts("b")),
    )
    found = list(compare_weights(*pair).differences)
    assert found == ["recipe.name", "data.path", "scaler.x", "columns", "progress.kernel"]


def test_recipe_scaler_and_data_differences_are_given_by_address(tmp_path):
    def facts(lr, mean):
        return {"recipe": {"train": {"lr": lr, "clip": 1.0}}, "scaler": {"center": [mean, 2.0]}}

    pair = [
        file_of(tmp_path, gru_state(), "a.pt", **facts(0.1, 1.0)),
        file_of(tmp_path, gru_state(), "b.pt", **facts(0.2, 1.5), data=DATA),
    ]
    assert compare_weights(*pair).differences == {
        "data.path": ("-", "t.csv"),
        "data.rows": ("-", "3"),
        "data.sha256": ("-", "0"),
        "recipe.train.lr": ("0.1", "0.2"),
        "scaler.center": ("[1.0, 2.0]", "[1.5, 2.0]"),
    }


def test_what_a_scaler_learned_is_compared_column_by_column(tmp_path):
    def scaler(columns, spread):
        return {"scaler": {"kind": "standard", "columns": columns, "spread": spread}}

    pair = [
        file_of(tmp_path, gru_state(), "a.pt", **scaler(["x", "y.z"], [1.0, 2.0])),
        file_of(tmp_path, gru_state(), "b.pt", **scaler(["x", "y.z"], [1.0, 3.0])),
    ]
    assert compare_weights(*pair).differences == {"scaler.spread.y.z": ("2.0", "3.0")}


def test_errors_that_intervals_are_made_of_are_no_difference_to_list(tmp_path):
    def facts(error):
        return {"calibration": {"windows": 9, "errors": [[error]]}}

    pair = [file_of(tmp_path, gru_state(), f"{error}.pt", **facts(error)) for error in (1.0, 2.0)]
    assert compare_weights(*pair).differences == {}


@pytest.mark.parametrize("address", ["0.update.hh", "W_hz"])
def test_one_matrix_comes_by_its_address_or_symbol(tmp_path, address):
    state = gru_state()
    matrix = select_matrix(file_of(tmp_path, state), address)
    np.testing.assert_array_equal(np.array(matrix.values), state["weight_hh_l0"][4:8].numpy())
    assert matrix.rows == ("unit 0", "unit 1", "unit 2", "unit 3")
    assert matrix.columns == ("state 0", "state 1", "state 2", "state 3")


def test_inputs_carry_the_names_of_their_columns(tmp_path):
    file = file_of(tmp_path, gru_state(), columns=["level", "rain", "wind"])
    assert select_matrix(file, "W_xr").columns == ("level", "rain", "wind")


def test_a_bias_is_one_column(tmp_path):
    matrix = select_matrix(file_of(tmp_path, gru_state()), "b_hn")
    assert (matrix.columns, len(matrix.values), len(matrix.values[0])) == (("bias",), 4, 1)


def test_a_later_layer_reads_the_layer_below(tmp_path):
    file = file_of(tmp_path, gru_state(num_layers=2))
    assert select_matrix(file, "1.reset.ih").columns[0] == "below 0"


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("0.updat.hh", "no matrix of this file; did you mean 0.update.hh (W_hz)?"),
        ("W_hzz", "did you mean 0.update.hh (W_hz) or 1.update.hh (W_hz)?"),
        ("nonsense", "no matrix of this file; expected one such as 0.reset.ih (W_xr), 0.up"),
        ("W_hz", "2 matrices have this name; expected an address such as 0.reset.ih"),
    ],
)
def test_an_unclear_address_is_an_error_with_a_hint(tmp_path, address, what):
    file = file_of(tmp_path, gru_state(num_layers=2))
    with pytest.raises(UsageError) as caught:
        select_matrix(file, address)
    assert what in str(caught.value)


def test_several_stacks_need_their_prefix(tmp_path):
    model = torch.nn.ModuleDict({"a": torch.nn.GRU(3, 4), "b": torch.nn.GRU(3, 5)})
    file = file_of(tmp_path, model.state_dict())
    assert len(select_matrix(file, "b.0.update.hh").values) == 5
    with pytest.raises(UsageError, match=r"2 matrices.*a\.0\.reset\.ih"):
        select_matrix(file, "0.update.hh")


@pytest.mark.parametrize(
    "address",
    ["weight_hh_l0[4:8]", "recurrent_kernel[:, 0:4].T", "update, hidden to hidden", "W_hz"],
)
def test_a_matrix_answers_to_every_name_that_a_screen_shows(tmp_path, address):
    matrix = select_matrix(file_of(tmp_path, gru_state()), address)
    assert matrix.name == "0.update.hh"
