"""Matrices drawn on a screen, and two files compared there."""

import pytest
import torch

from grucli.cli.kit.heat import shrink
from grucli.cli.views.comparison import render_weight_comparison
from grucli.cli.views.difference_words import difference_words
from grucli.cli.views.matrix import render_matrix
from grucli.cli.views.weights_columns import histogram_words
from grucli.weights import build_weight_report, compare_weights, select_matrix
from tests.drawn_weights import Ascii, drawn, gru_state
from tests.weight_files import file_of


def test_a_histogram_is_high_where_the_entries_are(tmp_path):
    state = gru_state()
    state["bias_ih_l0"] = torch.cat([torch.zeros(60), torch.ones(12)])
    (item,) = [
        item
        for item in build_weight_report(file_of(tmp_path, state)).matrices
        if item.name == "0.candidate.bias_ih"
    ]
    assert histogram_words(item) == "█      █"


def test_a_heat_map_is_blue_below_and_red_above_zero(tmp_path):
    state = gru_state(hidden=2)
    state["weight_hh_l0"] = torch.tensor([[-1.0, 0.0], [1.0, 0.5]] * 3)
    text = drawn(
        render_matrix(select_matrix(file_of(tmp_path, state), "W_hz"), 80), 80, colour=True
    )
    assert "38;2;33;102;172;48;2;178;24;43m" in text
    assert "blue -1.00 · white 0 · red 1.00" in text


def test_a_heat_map_without_colour_shows_signs_and_magnitudes_and_names(tmp_path):
    state = gru_state(hidden=2)
    state["weight_ih_l0"] = torch.tensor([[0.0, -1.0, 0.5], [0.1, -0.3, float("nan")]] * 3)
    file = file_of(tmp_path, state, columns=["level", "rain", "wind"])
    matrix = select_matrix(file, "W_xz")
    lines = drawn(render_matrix(matrix, 80), 80).splitlines()
    assert lines[1].split() == ["level", "rain", "wind"]
    assert lines[2] == f"   unit 0 {'':8}{'●' * 8}{'▒' * 8}"
    assert lines[3] == f"   unit 1 {'':8}{'·' * 8}{'?' * 8}"
    assert lines[4:] == [f"{'':10}-1.00 ●○◦· blank ░▒▓█ 1.00"]
    plain = drawn(render_matrix(matrix, 80), 80, file=Ascii()).splitlines()
    assert plain[2] == f"   unit 0 {'':8}{'%' * 8}{'*' * 8}"
    assert plain[4:] == [f"{'':10}-1.00 %=- blank +*# 1.00"]


@pytest.mark.parametrize("colour", [False, True])
def test_columns_without_room_for_names_are_numbered(tmp_path, colour):
    file = file_of(tmp_path, gru_state(inputs=3, hidden=64))
    text = drawn(render_matrix(select_matrix(file, "W_hz"), 80), 80, colour=colour)
    assert "    state 0    5    10   15   20   25   30   35   40   45   50   55   60\n" in (
        text.replace("\x1b[2m", "").replace("\x1b[0m", "")
    )
    named = file_of(tmp_path, gru_state(inputs=12), columns=[f"sensor{at}" for at in range(12)])
    axis = drawn(render_matrix(select_matrix(named, "W_xz"), 80), 80).splitlines()[1]
    assert axis == "   column 0    1    2    3    4    5    6    7    8    9    10   11"


@pytest.mark.parametrize(
    ("size", "colour", "axis", "words"),
    [
        ((64, 64), False, "5    10", "2 rows × 1 column"),
        ((64, 64), True, "5    10", None),
        ((81, 141), True, "0    15   30", "2 rows × 3 columns"),
        ((40, 70), False, "5    10", None),
    ],
)
def test_a_heat_map_says_what_its_cells_stand_for(tmp_path, size, colour, axis, words):
    hidden, inputs = size
    file = file_of(tmp_path, gru_state(inputs=inputs, hidden=hidden))
    text = drawn(render_matrix(select_matrix(file, "W_xz"), 80), 80, colour=colour)
    assert axis in text
    assert ("each cell" in text) == bool(words)
    if words:
        assert f"each cell: the largest in magnitude of {words}" in text.splitlines()[-1]


@pytest.mark.parametrize("size", [(300, 1000), (41, 70), (1, 1)])
def test_a_heat_map_fits_the_screen(tmp_path, size):
    hidden, inputs = size
    file = file_of(tmp_path, gru_state(inputs=inputs, hidden=hidden))
    lines = drawn(render_matrix(select_matrix(file, "W_xz"), 80), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 44


def test_the_heading_of_a_matrix_has_the_chosen_name(tmp_path):
    matrix = select_matrix(file_of(tmp_path, gru_state()), "0.update.hh")
    heads = {
        naming: drawn(render_matrix(matrix, 80, naming=naming), 80).splitlines()[0]
        for naming in ("symbols", "torch", "keras", "words")
    }
    assert heads == {
        "symbols": "W_hz update · 0.update.hh · 24×24",
        "torch": "weight_hh_l0[24:48] update · 0.update.hh · 24×24",
        "keras": "recurrent_kernel[:, 0:24].T update · 0.update.hh · 24×24",
        "words": "update, hidden to hidden · 0.update.hh · 24×24",
    }


def test_shrinking_keeps_the_largest_entry_of_each_block():
    values = [[1.0, -5.0, 0.0], [2.0, 3.0, -1.0]]
    assert shrink(values, rows=1, columns=2) == [[-5.0, -1.0]]
    assert shrink(values, rows=9, columns=9) == values


HASHES = ("0123456789abcdef" * 4, "fedcba9876543210" * 4)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("0.0032068626023828983", "0.004156243987381458"), "0.00320686 → 0.00415624"),
        (("0.12345678901", "0.12345678902"), "0.12345678901 → 0.12345678902"),
        (("0.12345678901", "0.12345699"), "0.1234568 → 0.123457"),
        (("[1.23456789, 2.0]", "[1.23456789, 2.5]"), "[1.23457, 2] → [1.23457, 2.5]"),
        (("17420", "2284"), "17420 → 2284"),
        (("-", "/data/v1.23456789/x"), "- → /data/v1.23456789/x"),
        ((" ", ""), "' ' → ''"),
        (HASHES, "0123456789ab → fedcba987654"),
        (("x" * 70 + "a", "x" * 70 + "b"), f"…{'x' * 58}a → …{'x' * 58}b"),
        (("y" * 70, "z" * 70), f"{'y' * 59}… → {'z' * 59}…"),
        (("-", HASHES[1]), "- → fedcba987654"),
    ],
)
def test_values_that_differ_are_as_short_as_tells_them_apart(pair, words):
    assert list(difference_words({"data.x": pair})) == [f"data.x: {words}"]


def test_the_columns_of_a_scaler_are_one_line():
    differences = {
        "scaler.center.HUFL": ("1.0", "1.5"),
        "scaler.center.O.T": ("2.0", "8.0"),
        "scaler.center.z": ("0.0", "0.0001"),
        "scaler.kind": ("standard", "robust"),
        "scaler.spread.x": ("1.0", "-"),
        "scaler.spread.y": ("-", "2.0"),
    }
    assert list(difference_words(differences)) == [
        "scaler.center: 3 columns differ, most z: 0 → 0.0001",
        "scaler.kind: standard → robust",
        "scaler.spread: 2 columns differ, such as x: 1 → -",
    ]
    assert list(difference_words({"scaler.center.x": ("1.0", "2.0")})) == ["scaler.center.x: 1 → 2"]


@pytest.mark.parametrize(("causes", "kept"), [(5, 15), (19, 1), (30, 0)])
def test_only_how_far_training_came_is_cut(causes, kept):
    differences = {f"recipe.train.k{at}": ("1", "2") for at in range(causes)}
    differences |= {f"progress.p{at}": ("1", "2") for at in range(18)}
    lines = list(difference_words(differences))
    assert sum(line.startswith("recipe") for line in lines) == causes
    assert sum(line.startswith("progress") for line in lines) == kept
    assert (
        lines[-1] == f"and {18 - kept} more differences in what came of training (--json has all)."
    )


def test_entries_that_are_not_finite_are_not_called_the_same(tmp_path):
    state = gru_state() | {"weight_hh_l0": torch.full((72, 24), float("nan"))}
    file = file_of(tmp_path, state)
    text = drawn(render_weight_comparison(compare_weights(file, file), 80), 80)
    assert "the same, bit for bit" not in text


def test_a_comparison_says_what_moved_and_fits(tmp_path):
    before, after = gru_state(), gru_state()
    after["weight_hh_l0"] = 2 * after["weight_hh_l0"]
    pair = [
        file_of(tmp_path, state, name, recipe={"train": {"lr": lr}, "name": "x" * 100})
        for state, name, lr in ((before, "a.pt", 0.1), (after, "b.pt", 0.2))
    ]
    text = drawn(render_weight_comparison(compare_weights(*pair), 80), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "in layer 0 moved most: by 1.00 of its norm." in text
    assert "recipe.train.lr: 0.1 → 0.2" in text


def test_two_networks_of_different_draws_are_not_said_to_have_moved(tmp_path):
    torch.manual_seed(1)
    other = dict(torch.nn.GRU(3, 24).state_dict())
    pair = file_of(tmp_path, gru_state(), "a.pt"), file_of(tmp_path, other, "b.pt")
    text = " ".join(drawn(render_weight_comparison(compare_weights(*pair), 80), 80).split())
    assert "A and B began from different draws" in text
    assert "moved most" not in text
    assert "spectra, which are apart by 0.0" in text
