"""The board of one step: every number worked out again from its own formula, and by plain loops."""

import math
import re

import pytest
import torch

from grucli.engine.board import most_changed_unit, write_board
from grucli.nn import MODULES
from grucli.nn.recording import record_stack
from tests.test_nn_layer_norm import gru_gates, randomised

C, H, T = 3, 4, 6
KINDS = [("gru", v) for v in ("none", "split", "ba2016", "sum", "sum_joint")] + [
    ("rnn", "none"),
    ("rnn", "split"),
    ("rnn", "sum"),
    ("lstm", "none"),
]
ALL = pytest.mark.parametrize(("cell", "variant"), KINDS)


def module_of(cell, variant, **settings):
    torch.manual_seed(3)
    return randomised(MODULES[cell](C, H, layer_norm=variant, dtype=torch.float64, **settings))


def board_of(module, *, step=4, unit=2, layer=0):
    record = record_stack(module, torch.randn(T, 1, C, dtype=torch.float64))
    names = [f"x{i}" for i in range(record.layers[layer].inputs.shape[-1])]
    board = write_board(record.layers[layer], step=step, sample=0, unit=unit, inputs=names)
    return board, record.layers[layer]


def equations(board):
    return [line for step in board.steps for line in step.equations]


def work_out(line):
    """The value of a formula from its numbers alone."""
    functions = {"s": lambda a: 1 / (1 + math.exp(-a)), "tanh": math.tanh}
    names = {name.replace("'", "_next"): value for name, value in line.values.items()}
    return eval(re.sub(r"'", "_next", line.formula), {"__builtins__": {}}, functions | names)


@ALL
def test_every_formula_gives_the_value_beside_it(cell, variant):
    board, _ = board_of(module_of(cell, variant))
    lines = [line for line in equations(board) if line.values]
    assert len(lines) >= 2
    for line in lines:
        assert work_out(line) == pytest.approx(line.value, rel=1e-12, abs=1e-13), line.symbol


@ALL
def test_every_product_is_the_sum_of_its_terms_largest_first(cell, variant):
    board, record = board_of(module_of(cell, variant))
    products = [line for line in equations(board) if line.terms]
    assert len(products) == 2 * len(record.weights.weight_hh) // H
    for line in products:
        sizes = [abs(term.product) for term in line.terms]
        assert sizes == sorted(sizes, reverse=True)
        assert sum(term.product for term in line.terms) == pytest.approx(line.value, abs=1e-12)


@ALL
def test_every_number_in_a_formula_was_on_the_board_before(cell, variant):
    board, _ = board_of(module_of(cell, variant))
    seen = {}
    for line in equations(board):
        for name, value in line.values.items():
            assert name in seen or re.fullmatch(r"[bg]_.*|h|c", name), (line.symbol, name)
            assert seen.get(name, value) == value
        seen[line.symbol] = line.value


@ALL
def test_the_board_ends_at_the_state_that_the_module_itself_reaches(cell, variant):
    board, record = board_of(module_of(cell, variant), unit=1)
    assert board.value == pytest.approx(float(record.own[4, 0, 1]), abs=1e-13)
    assert board.before == pytest.approx(float(record.own[3, 0, 1]), abs=1e-13)
    assert equations(board)[-1].value == board.value


@pytest.mark.parametrize("variant", ["split", "ba2016", "sum", "sum_joint"])
def test_the_gates_equal_those_of_a_plain_loop(variant):
    module = module_of("gru", variant)
    board, record = board_of(module, unit=3)
    p = {name: value.tolist() for name, value in module.named_parameters()}
    eps = 1e-3 if variant == "sum_joint" else 1e-5
    expected = gru_gates(variant, p, record.inputs[4, 0].tolist(), record.own[3, 0].tolist(), eps)
    found = {line.symbol: line.value for line in equations(board)}
    for symbol, gate in zip("rzn", expected, strict=True):
        assert found[symbol] == pytest.approx(gate[3], rel=1e-11)


@pytest.mark.parametrize("variant", ["split", "ba2016", "sum", "sum_joint"])
def test_means_and_deviations_are_those_of_the_values_they_name(variant):
    module = module_of("gru", variant)
    board, record = board_of(module)
    x, h = record.inputs[4, 0], record.own[3, 0]
    xw, hu = module.weight_ih_l0.detach() @ x, module.weight_hh_l0.detach() @ h.detach()
    found = {line.symbol: line.value for line in equations(board)}
    eps = 1e-3 if variant == "sum_joint" else 1e-5
    blocks = {
        "split": {"x": xw, "h": hu},
        "ba2016": {"xrz": xw[: 2 * H], "xn": xw[2 * H :], "hrz": hu[: 2 * H], "hn": hu[2 * H :]},
        "sum": {"r": (xw + hu)[:H], "z": (xw + hu)[H : 2 * H]},
        "sum_joint": {"s": xw + hu},
    }[variant]
    for place, values in blocks.items():
        assert found[f"mean_{place}"] == pytest.approx(float(values.mean()), abs=1e-13)
        deviation = math.sqrt(float(values.var(correction=0)) + eps)
        assert found[f"dev_{place}"] == pytest.approx(deviation, rel=1e-12)


def test_an_upper_layer_and_the_reverse_direction_have_boards_too():
    module = module_of("gru", "sum", num_layers=2, bidirectional=True)
    board, record = board_of(module, layer=3)
    assert (record.layer, record.reverse) == (1, True)
    assert board.value == pytest.approx(float(record.own[4, 0, 2]), abs=1e-13)
    assert board.before == pytest.approx(float(record.own[5, 0, 2]), abs=1e-13)


def test_without_biases_they_count_as_zero():
    board, record = board_of(module_of("gru", "none", bias=False))
    assert {
        n: v for line in equations(board) for n, v in line.values.items() if n[0] == "b"
    } == dict.fromkeys(("b_xr", "b_hr", "b_xz", "b_hz", "b_xn", "b_hn"), 0.0)
    assert board.value == pytest.approx(float(record.own[4, 0, 2]), abs=1e-13)


def test_the_unit_that_changed_most_is_found():
    _, record = board_of(module_of("gru", "split"))
    moved = (record.own[4, 0] - record.own[3, 0]).abs()
    assert moved[most_changed_unit(record, 4, 0)] == moved.max()
