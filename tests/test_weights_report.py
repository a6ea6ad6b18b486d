"""The report of a whole file: rows, memory, findings, what acts below a normalisation."""

import json
import math

import numpy as np
import pytest
import torch

from grucli.cells.layouts import parse_layout
from grucli.nn import GRU, LSTM
from grucli.results import to_json
from grucli.weights import build_weight_report, read_weights, report_numbers

INIT = {"input_hidden": "uniform", "hidden_hidden": "uniform", "gain": 1.0, "checkpoint": None}


NAMES = ["a", "b", "c"]


def report_of(tmp_path, state, *, recipe=None, columns=None, layout=None, **facts):
    path = tmp_path / "file.pt"
    content = dict(state)
    if recipe is not None:
        content = {
            "format": "grucli checkpoint", "weights": content, "recipe": recipe, "columns": columns,
            **facts,
        }  # fmt: skip
    torch.save(content, path)
    return build_weight_report(read_weights(path, layout and parse_layout(layout)))


def recipe(**model):
    return {"model": {"cell": "gru", "hidden": 32, "layers": 1, "init": INIT} | model}


def gru_state(inputs=3, hidden=32, **options):
    torch.manual_seed(0)
    return dict(torch.nn.GRU(inputs, hidden, **options).state_dict())


def layer_normed(**changed):
    gains = {f"{kind}_l0": torch.ones(96) for kind in ("gain_ih", "gain_hh")}
    return gru_state() | gains | changed


def by_name(report):
    return {item.name: item for item in report.matrices}


def test_there_is_one_row_for_every_layer_direction_part_and_gate(tmp_path):
    report = report_of(tmp_path, gru_state(num_layers=2, bidirectional=True))
    assert len(report.matrices) == 2 * 2 * 4 * 3
    assert [item.symbol for item in report.matrices[:12]] == [
        "W_xr", "W_xz", "W_xn", "W_hr", "W_hz", "W_hn",
        "b_xr", "b_xz", "b_xn", "b_hr", "b_hz", "b_hn",
    ]  # fmt: skip
    places = [(item.layer, item.direction) for item in report.matrices[::12]]
    assert places == [(0, "forward"), (0, "reverse"), (1, "forward"), (1, "reverse")]


def test_every_row_is_its_gates_slice(tmp_path):
    state = gru_state()
    rows = by_name(report_of(tmp_path, state))
    update = state["weight_hh_l0"][32:64].double().numpy()
    assert rows["0.update.hh"].frobenius_norm == pytest.approx(np.linalg.norm(update))
    assert rows["0.update.hh"].spectral_norm == pytest.approx(np.linalg.norm(update, 2))
    radius = np.abs(np.linalg.eigvals(update)).max()
    assert rows["0.update.hh"].spectral_radius == pytest.approx(radius)
    candidate = state["bias_ih_l0"][64:].double().numpy()
    assert rows["0.candidate.bias_ih"].mean == pytest.approx(candidate.mean())


@pytest.mark.parametrize(("module", "gate"), [(torch.nn.GRU, "update"), (torch.nn.LSTM, "forget")])
def test_memory_is_that_of_both_biases_of_the_keeping_gate(tmp_path, module, gate):
    stack = module(3, 4)
    with torch.no_grad():
        stack.bias_ih_l0[4:8] = torch.tensor([0.0, 1.0, 2.0, 3.0])
        stack.bias_hh_l0[4:8] = 1.0
    (memory,) = report_of(tmp_path, stack.state_dict()).time_constants
    steps = [-1 / math.log(1 / (1 + math.exp(-bias))) for bias in (1.0, 2.0, 3.0, 4.0)]
    assert (memory.gate, memory.layer, memory.direction) == (gate, 0, "forward")
    assert memory.minimum == pytest.approx(steps[0])
    assert memory.median == pytest.approx((steps[1] + steps[2]) / 2)
    assert memory.maximum == pytest.approx(steps[3])


def test_the_one_bias_of_a_normalised_sum_sets_the_memory(tmp_path):
    state = gru_state()
    state = {name: value for name, value in state.items() if name.startswith("weight")}
    state |= {"gain_sum_l0": torch.ones(96), "bias_sum_l0": torch.ones(96)}
    (memory,) = report_of(tmp_path, state).time_constants
    assert memory.median == pytest.approx(-1 / math.log(1 / (1 + math.exp(-1))))


def test_a_plain_network_has_no_memory_gate(tmp_path):
    assert report_of(tmp_path, torch.nn.RNN(3, 4).state_dict()).time_constants == ()


def test_fresh_weights_are_what_their_recipe_lets_expect(tmp_path):
    report = report_of(tmp_path, gru_state(), recipe=recipe(), columns=NAMES)
    for item in report.matrices:
        assert item.frobenius_norm == pytest.approx(item.expected["frobenius_norm"], rel=0.25)
    assert report.findings == ()
    assert report.inputs == ("a", "b", "c")


def test_orthogonal_weights_are_expected_to_be_orthogonal(tmp_path):
    init = INIT | {"hidden_hidden": "orthogonal", "input_hidden": "xavier"}
    rows = by_name(report_of(tmp_path, gru_state(), recipe=recipe(init=init), columns=NAMES))
    assert rows["0.reset.hh"].expected["spectral_norm"] == 1.0
    assert rows["0.reset.ih"].expected["rms"] == pytest.approx(math.sqrt(2 / 35))


@pytest.mark.parametrize("init", [INIT | {"checkpoint": "other.pt"}, None])
def test_nothing_is_expected_where_the_start_is_not_known(tmp_path, init):
    asked = recipe(init=init)
    if init is None:
        del asked["model"]["init"]
    report = report_of(tmp_path, gru_state(), recipe=asked, columns=NAMES)
    assert all(item.expected == {} for item in report.matrices)


def texts(report):
    return [finding.text for finding in report.findings]


def changed(state, name, rows, values):
    tensor = state[name].clone()
    tensor[rows] = values
    return state | {name: tensor}


def turned(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(size, size, generator=generator))[0]


def test_a_large_spectral_radius_of_a_plain_network_is_said_with_its_threshold(tmp_path):
    torch.manual_seed(0)
    state = dict(torch.nn.RNN(3, 32).state_dict()) | {"weight_hh_l0": 1.31 * turned(32)}
    state = {f"stack.{name}": value for name, value in state.items()}
    (finding,) = report_of(tmp_path, state).findings
    assert finding.text.startswith("W_hh layer 0: spectral radius 1.31 > 1.2: small states grow;")
    assert "does not say that large ones do" in finding.text
    assert (finding.matrix, finding.quantity) == ("0.state.hh", "spectral_radius")
    assert (finding.value, finding.threshold) == (pytest.approx(1.31), 1.2)


@pytest.mark.parametrize("gate", [0, 1, 2])
def test_nothing_is_said_of_the_radius_and_condition_of_a_gates_matrix(tmp_path, gate):
    rows = slice(32 * gate, 32 * gate + 32)
    singular = turned(32) @ torch.diag(torch.logspace(1, -7, 32)) @ turned(32, seed=1)
    state = changed(gru_state(), "weight_hh_l0", rows, singular)
    report = report_of(tmp_path, state)
    assert max(item.condition_number or 0 for item in report.matrices) > 1e6
    assert max(item.spectral_radius or 0 for item in report.matrices) > 1.2
    assert report.findings == ()


@pytest.mark.parametrize(
    ("name", "rows", "values", "text"),
    [
        ("weight_ih_l0", 7, math.nan, "W_xr layer 0: 3 of 96 entries are not finite (expected 0)"),
        (
            "weight_hh_l0",
            40,
            0.0,
            "W_hz layer 0: 1 of 32 rows (expected 0) are at most 0.001 of the median",
        ),
        ("bias_hh_l0", 40, 20.0, "update bias layer 0: memory"),
        ("weight_ih_l0", (slice(None), 1), 1e-5, "W_x layer 0: rain is read with weights of 0.0"),
        ("weight_hh_l0", 3, 500.0, "W_hr layer 0: Frobenius norm"),
    ],
)
def test_what_stands_out_is_said_in_words(tmp_path, name, rows, values, text):
    state = changed(gru_state(), name, rows, values)
    columns = ["level", "rain", "wind"]
    report = report_of(tmp_path, state, recipe=recipe(), columns=columns)
    assert any(found.startswith(text) for found in texts(report)), texts(report)


def test_what_is_not_finite_comes_first(tmp_path):
    state = changed(gru_state(), "weight_hh_l0", slice(0, 32), 2 * torch.eye(32))
    state = changed(state, "bias_hh_l0", 95, math.inf)
    assert report_of(tmp_path, state).findings[0].quantity == "not_finite"


def test_the_json_of_a_report_is_strict_even_with_nan_inside(tmp_path):
    state = changed(gru_state(), "weight_ih_l0", slice(0, 32), math.nan)
    document = json.loads(to_json(report_of(tmp_path, state)), parse_constant=pytest.fail)
    assert document["matrices"][0]["mean"] is None
    assert document["matrices"][0]["not_finite"] == 96


def acting(report):
    return {
        item.name: (item.effective_spectral_norm, item.effective_spectral_radius)
        for item in report.matrices
        if item.part == "hh"
    }


def test_what_acts_below_a_normalisation_does_not_change_with_the_scale_or_a_shift(tmp_path):
    state = layer_normed()
    other = state | {"weight_hh_l0": 7 * state["weight_hh_l0"] + torch.linspace(0, 1, 32)}
    reports = [report_of(tmp_path, values, layout="split") for values in (state, other)]
    first, second = map(acting, reports)
    for name, pair in first.items():
        assert second[name] == pytest.approx(pair, rel=1e-4), name


def test_what_acts_grows_with_the_gain(tmp_path):
    gain = torch.ones(96)
    gain[32:64] = 3.0
    first = acting(report_of(tmp_path, layer_normed(), layout="split"))
    second = acting(report_of(tmp_path, layer_normed(gain_hh_l0=gain), layout="split"))
    assert second["0.update.hh"][1] == pytest.approx(3 * first["0.update.hh"][1])
    assert second["0.reset.hh"] == first["0.reset.hh"]


@pytest.mark.parametrize("variant", ["split", "ba2016", "sum", "sum_joint"])
def test_what_acts_gives_normalised_sums_of_unit_variance(tmp_path, variant):
    """For random inputs and states of unit variance the acting matrices give LN's own outputs."""
    weights = {n: v for n, v in gru_state(inputs=32).items() if n.startswith("weight")}
    kinds = ["gain_sum"] if variant.startswith("sum") else ["gain_ih", "gain_hh"]
    state = weights | {f"{kind}_l0": torch.ones(96) for kind in kinds}
    report = report_of(tmp_path, state, recipe=recipe(layer_norm=variant), columns=NAMES)
    groups = {"split": [(0, 96)], "sum_joint": [(0, 96)], "ba2016": [(0, 64), (64, 96)],
              "sum": [(0, 32), (32, 64), (64, 96)]}[variant]  # fmt: skip
    hidden, inputs = (state[f"weight_{k}_l0"].double().numpy() for k in ("hh", "ih"))
    for start, stop in groups:
        u, w = hidden[start:stop], inputs[start:stop]
        u, w = u - u.mean(axis=0), w - w.mean(axis=0)
        power = np.sum(u**2) + (np.sum(w**2) if variant.startswith("sum") else 0)
        expected = u / np.sqrt(power / (stop - start))
        for row in range(start, stop, 32):
            gate = ("reset", "update", "candidate")[row // 32]
            block = expected[row - start : row - start + 32]
            item = by_name(report)[f"0.{gate}.hh"]
            assert item.effective_spectral_norm == pytest.approx(np.linalg.norm(block, 2))


def own_deviations(start, now):
    names = [
        f"0.{gate}.{part}" for gate in ("reset", "update", "candidate") for part in ("ih", "hh")
    ]
    return {"start": dict.fromkeys(names, start), "now": dict.fromkeys(names, now)}


def test_what_acts_is_divided_by_the_deviation_that_training_saw(tmp_path):
    facts = {"recipe": recipe(layer_norm="split"), "columns": NAMES}
    without = by_name(report_of(tmp_path, layer_normed(), **facts))["0.update.hh"]
    measured = report_of(
        tmp_path, layer_normed(), **facts, deviations=own_deviations(start=0.5, now=0.25)
    )
    item = by_name(measured)["0.update.hh"]
    assert (without.is_measured, item.is_measured) == (False, True)
    assert item.layer_norm_standard_deviation == 0.25
    factor = without.layer_norm_standard_deviation / 0.25
    assert item.effective_spectral_norm == pytest.approx(factor * without.effective_spectral_norm)
    assert item.effective_spectral_radius == pytest.approx(
        factor * without.effective_spectral_radius
    )
    draw = item.expected["spectral_radius"]
    assert item.expected["effective_spectral_radius"] == pytest.approx(draw / 0.5)


@pytest.mark.parametrize("variant", ["split", "ba2016", "sum", "sum_joint"])
def test_what_acts_is_expected_to_be_what_fresh_weights_do(tmp_path, variant):
    weights = {n: v for n, v in gru_state(inputs=32).items() if n.startswith("weight")}
    kinds = ["gain_sum"] if variant.startswith("sum") else ["gain_ih", "gain_hh"]
    state = weights | {f"{kind}_l0": torch.full((96,), 0.7) for kind in kinds}
    asked = recipe(layer_norm=variant, init=INIT | {"gain": 0.7})
    report = report_of(tmp_path, state, recipe=asked, columns=NAMES)
    for item in report.matrices:
        if item.part == "hh":
            assert item.effective_spectral_norm == pytest.approx(
                item.expected["effective_spectral_norm"], rel=0.1
            )
            assert item.effective_spectral_radius == pytest.approx(
                item.expected["effective_spectral_radius"], rel=0.15
            )


@pytest.mark.parametrize("variant", ["split", "ba2016", "split_state"])
def test_what_acts_in_an_lstm_is_each_side_over_all_gates(tmp_path, variant):
    torch.manual_seed(0)
    stack = LSTM(32, 32, layer_norm=variant)
    asked = recipe(cell="lstm", layer_norm=variant)
    report = report_of(tmp_path, stack.state_dict(), recipe=asked, columns=NAMES)
    assert report.layer_norm == variant
    u = stack.weight_hh_l0.detach().double().numpy()
    u = u - u.mean(axis=0)
    expected = u / np.sqrt(np.sum(u**2) / 128)
    for at, gate in enumerate(("input", "forget", "cell", "output")):
        item = by_name(report)[f"0.{gate}.hh"]
        norm = np.linalg.norm(expected[32 * at : 32 * (at + 1)], 2)
        assert item.effective_spectral_norm == pytest.approx(norm)
        assert item.effective_spectral_norm == pytest.approx(
            item.expected["effective_spectral_norm"], rel=0.1
        )
    state = by_name(report)["0.cell_state.gain"]
    assert (state.symbol, state.shape, state.expected["rms"]) == ("g_c", (32,), 1.0)
    assert by_name(report)["0.cell_state.bias"].expected["rms"] == 0.0


def test_a_bias_inside_begins_at_zero_whatever_the_one_outside_does(tmp_path):
    stack = GRU(3, 32, layer_norm="sum_joint", norm_bias=True)
    asked = recipe(layer_norm="sum_joint", norm_bias=True)
    report = report_of(tmp_path, stack.state_dict(), recipe=asked, columns=NAMES)
    starts = {item.symbol: item.expected["rms"] for item in report.matrices}
    assert (starts["b_z"], starts["d_xz"], starts["d_hz"]) == (1.0, 0.0, 0.0)


def test_a_switched_off_gain_is_found(tmp_path):
    report = report_of(tmp_path, layer_normed(gain_hh_l0=torch.full((96,), 0.01)))
    assert "g_hr layer 0: gain 0.01 < 0.05: this projection is as good as switched off" in texts(
        report
    )


def test_several_stacks_keep_their_names_apart(tmp_path):
    model = torch.nn.ModuleDict({"a": torch.nn.GRU(3, 4), "b": torch.nn.LSTM(2, 4)})
    report = report_of(tmp_path, model.state_dict())
    assert report.cell == "gru, lstm"
    assert {item.module for item in report.matrices} == {"a.", "b."}


def test_numbers_for_checks_go_by_symbol_and_statistic(tmp_path):
    report = report_of(tmp_path, changed(gru_state(), "bias_hh_l0", 0, math.nan))
    numbers = report_numbers(report)
    assert (numbers["nan"], numbers["findings"]) == (1, 1)
    assert numbers["W_hz.spectral_radius"] == by_name(report)["0.update.hh"].spectral_radius
    assert numbers["W_xz.spectral_radius"] is None


def test_numbers_of_several_layers_name_the_layer(tmp_path):
    numbers = report_numbers(report_of(tmp_path, gru_state(num_layers=2, bidirectional=True)))
    assert {
        "W_hz.0.frobenius_norm",
        "W_hz.0r.frobenius_norm",
        "W_hz.1r.frobenius_norm",
    } <= numbers.keys()
    assert "W_hz.frobenius_norm" not in numbers


def test_an_expected_value_of_gain_and_bias_follows_the_variant(tmp_path):
    kept = {n: v for n, v in gru_state().items() if n.startswith("weight")}
    state = kept | {"gain_sum_l0": torch.ones(96), "bias_sum_l0": torch.zeros(96)}
    init = INIT | {"gain": 0.5}
    report = report_of(
        tmp_path, state, recipe=recipe(layer_norm="sum_joint", init=init), columns=NAMES
    )
    starts = {item.symbol: item.expected["rms"] for item in report.matrices}
    assert (starts["g_z"], starts["b_z"], starts["b_r"]) == (0.5, 1.0, 0.0)


def test_nothing_is_said_of_what_a_normalisation_undoes(tmp_path):
    state = layer_normed(gain_hh_l0=torch.full((96,), 3.0))
    state["weight_hh_l0"] = 100 * state["weight_hh_l0"]
    assert texts(report_of(tmp_path, state, layout="split")) == []


def test_inputs_that_are_all_unread_are_named_each(tmp_path):
    state = gru_state() | {"weight_ih_l0": torch.zeros(96, 3)}
    said = [finding.text for finding in report_of(tmp_path, state).findings]
    assert sum("is read with weights of 0 %" in text for text in said) == 3
