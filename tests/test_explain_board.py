"""The board of one step: every number worked out again from its own formula, and by plain loops."""

import io
import math
import re

import pytest
import torch
from rich.console import Console

from grucli.cli.views.explain import render_explanation
from grucli.cli.views.explain_numbers import digits_needed, number, worked_out
from grucli.insight.board import most_changed_unit, write_board
from grucli.nn import MODULES
from grucli.nn.recording import record_stack
from grucli.results.tracing import Explanation, InputValue
from tests.test_nn_layer_norm import gru_gates, randomised

C, H, T = 3, 4, 6
FUNCTIONS = {
    "s": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
}
KINDS = [("gru", v) for v in ("none", "split", "ba2016", "sum", "sum_joint")] + [
    ("rnn", "none"),
    ("rnn", "split"),
    ("rnn", "ba2016"),
    ("rnn", "sum"),
    ("rnn", "sum_joint"),
    ("lstm", "none"),
]
KINDS += [("lstm", v) for v in ("split", "ba2016", "split_state")]
KINDS += [("rnn relu", v) for v in ("none", "split", "sum")]
ALL = pytest.mark.parametrize(("cell", "variant"), KINDS)


def module_of(cell, variant, **settings):
    torch.manual_seed(3)
    cell, _, activation = cell.partition(" ")
    module = MODULES[cell](
        *(C, H), layer_norm=variant, activation=activation or None, dtype=torch.float64, **settings
    )
    return randomised(module)


def board_of(module, *, step=4, unit=2, layer=0):
    record = record_stack(module, torch.randn(T, 1, C, dtype=torch.float64))
    names = [f"x{i}" for i in range(record.layers[layer].inputs.shape[-1])]
    board = write_board(record.layers[layer], step=step, sample=0, unit=unit, inputs=names)
    return board, record.layers[layer]


def equations(board):
    return [line for step in board.steps for line in step.equations]


def work_out(line):
    """The value of a formula from its numbers alone."""
    names = {name.replace("'", "_next"): value for name, value in line.values.items()}
    return eval(re.sub(r"'", "_next", line.formula), {"__builtins__": {}}, FUNCTIONS | names)


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
        assert found[f"std_{place}"] == pytest.approx(deviation, rel=1e-12)


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


@pytest.mark.parametrize(
    ("cell", "variant"),
    [("gru", v) for v in ("split", "ba2016", "sum", "sum_joint")]
    + [("rnn", "sum"), ("lstm", "split_state")],
)
def test_a_bias_inside_stands_on_the_board_before_the_normalisation(cell, variant):
    board, record = board_of(module_of(cell, variant, norm_bias=True))
    found = {line.symbol: line for line in equations(board)}
    letter = record.rule.spec.letters[0]
    inside = found[f"xWd_{letter}"]
    assert inside.formula == f"xW_{letter} + d_x{letter}"
    assert inside.values[f"d_x{letter}"] == float(record.weights.norm_bias_ih.detach()[2])
    for line in found.values():
        if line.values:
            assert work_out(line) == pytest.approx(line.value, rel=1e-12, abs=1e-13), line.symbol
    assert board.value == pytest.approx(float(record.own[4, 0, 2]), abs=1e-13)


@pytest.mark.parametrize("variant", ["split", "split_state"])
def test_the_cell_state_has_a_mean_and_a_deviation_of_its_own(variant):
    module = module_of("lstm", variant)
    board, record = board_of(module)
    found = {line.symbol: line.value for line in equations(board)}
    i, f, g, _ = record.gates[4, 0].chunk(4)
    c = (f * record.parts_before(1)[4, 0] + i * g).detach()
    assert found["mean_c"] == pytest.approx(float(c.mean()), abs=1e-13)
    assert found["std_c"] == pytest.approx(float((c.var(correction=0) + 1e-5).sqrt()), rel=1e-12)
    own = float(record.parts_after(1).detach()[4, 0, 2])
    assert found["c'"] == pytest.approx(own, abs=1e-13)
    assert (found["c'"] == pytest.approx(float(c[2]))) == (variant == "split")


def test_the_unit_that_changed_most_is_found():
    _, record = board_of(module_of("gru", "split"))
    moved = (record.own[4, 0] - record.own[3, 0]).abs()
    assert moved[most_changed_unit(record, 4, 0)] == moved.max()


def screen_of(board, cell, variant, width=80):
    """The lines that are drawn of a board."""
    told = Explanation(
        checkpoint="best.pt",
        cell=cell.partition(" ")[0],
        layer_norm=variant,
        time="2024-01-05",
        last="2024-01-06",
        step=5,
        steps=6,
        sample="",
        layer=0,
        direction="forward",
        unit=2,
        units=H,
        change=board.value - board.before,
        normalise="none",
        inputs=(InputValue("x0", 1.0, 1.0, 1.0),),
        board=board.steps,
        value=board.value,
        own_value=board.value,
    )
    console = Console(file=io.StringIO(), width=width)
    console.print(render_explanation(told, width))
    return console.file.getvalue().splitlines()


def arithmetics(lines):
    """What is written with numbers alone, and the result beside it; continued lines joined."""
    joined = []
    for line in lines:
        if re.match(r" {13}\S", line):
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
    for line in joined:
        parts = re.sub(r" \[[^]]*\]", "", line).split("= ")
        if len(parts) >= 3 and re.fullmatch(r"[-\d.e ()+*/stanhrelu]+", parts[-2]):
            yield parts[-2].strip(), parts[-1].strip()


@ALL
@pytest.mark.parametrize("width", [60, 80])
def test_what_is_written_gives_the_result_to_the_digits_shown(cell, variant, width):
    written = 0
    for unit in range(H):
        for step in (0, 4):
            board, _ = board_of(module_of(cell, variant), unit=unit, step=step)
            lines = screen_of(board, cell, variant, width)
            assert max(map(len, lines)) <= width
            assert not [line for line in lines if line.startswith(" " * 11) and "…" in line]
            found = list(arithmetics(lines))
            assert len(found) == len([e for e in equations(board) if e.values or e.terms])
            for text, result in found:
                mantissa, _, exponent = result.partition("e")
                decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
                value = eval(text, {"__builtins__": {}}, FUNCTIONS)
                assert abs(value - float(result)) <= 0.5 * 10.0**-decimals + 1e-12, (text, result)
                written += 1
    assert written >= 4 * 2 * 4


def test_relu_is_explained_where_it_stands():
    for cell in ("rnn", "rnn relu"):
        board, _ = board_of(module_of(cell, "none"))
        text = " ".join(" ".join(screen_of(board, cell, "none")).split())
        assert ("relu(a): the larger of a and 0" in text) == (cell == "rnn relu")


def test_four_digits_are_written_where_they_are_enough():
    assert digits_needed(lambda n: f"{number(2 / 3, n)} + {number(1 / 3, n)}", 1.0) == 4
    assert number(2 / 3) == "0.6667"
    assert number(0.25, 9) == "0.2500"
    assert number(1.23456e-9) == "1.235e-09"
    assert number(-0.0) == "0"


def test_a_difference_of_close_numbers_gets_the_digits_it_needs():
    first, second = 0.00603217, 0.00599991
    needed = digits_needed(lambda n: f"{number(first, n)} - {number(second, n)}", first - second)
    assert needed == 6


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_written_too(value):
    assert digits_needed(lambda n: number(value, n), value) == 4
    assert worked_out("tanh((-inf)) + s(inf) + s((-inf)) + s(-900.0)") == 0.0


SHARED = {
    (
        "gru",
        "split",
    ): "each side, x and h, has one mean and one standard deviation over reset, update and "
    "candidate together (3 x 4 values); 2 means in all; eps 1e-05.",
    (
        "gru",
        "ba2016",
    ): "each side, x and h, has one mean and one standard deviation over reset and update "
    "together (2 x 4 values), one over candidate (4 values); 4 means in all; eps 1e-05.",
    (
        "gru",
        "sum",
    ): "the sum of both sides has one mean and one standard deviation over reset (4 values), "
    "one over update (4 values), one over candidate (4 values); 3 means in all; eps 1e-05.",
    (
        "gru",
        "sum_joint",
    ): "the sum of both sides has one mean and one standard deviation over reset, update "
    "and candidate together (3 x 4 values); 1 mean in all; eps 0.001.",
    (
        "rnn",
        "split",
    ): "each side, x and h, has one mean and one standard deviation over state (4 values); "
    "2 means in all; eps 1e-05.",
    (
        "rnn",
        "ba2016",
    ): "each side, x and h, has one mean and one standard deviation over state (4 values); "
    "2 means in all; eps 1e-05.",
    (
        "rnn",
        "sum",
    ): "the sum of both sides has one mean and one standard deviation over state (4 values); "
    "1 mean in all; eps 1e-05.",
    (
        "lstm",
        "split_state",
    ): "each side, x and h, has one mean and one standard deviation over input, forget, "
    "cell and output together (4 x 4 values); 2 means in all; c' has its own, further down; "
    "eps 1e-05.",
    (
        "rnn",
        "sum_joint",
    ): "the sum of both sides has one mean and one standard deviation over state "
    "(4 values); 1 mean in all; eps 0.001.",
}


@pytest.mark.parametrize(("cell", "variant"), SHARED)
def test_the_note_says_what_shares_a_mean_and_a_deviation(cell, variant):
    board, _ = board_of(module_of(cell, variant))
    step = board.steps[0]
    assert step.note == f"Layer normalisation {variant}: {SHARED[cell, variant]}"
    means = [line for line in step.equations if line.symbol.startswith("mean_")]
    assert f"; {len(means)} mean" in step.note


@pytest.mark.parametrize(
    ("cell", "variant", "names"),
    [
        ("gru", "split", "hU_rzn h"),
        ("gru", "ba2016", "hU_rz hrz hU_n hn"),
        ("rnn", "split", "hU_h h"),
    ],
)
def test_without_spread_eps_is_said_to_be_the_divisor(cell, variant, names):
    board, _ = board_of(module_of(cell, variant), step=0)
    words = names.split()
    for name, place in zip(words[::2], words[1::2], strict=True):
        said = f"All values of {name} are zero here, so eps alone is the divisor: std_{place} = "
        assert said in board.steps[0].note
    assert board.steps[0].note.count("eps alone") == len(words) // 2
    later, _ = board_of(module_of(cell, variant))
    assert "eps alone" not in later.steps[0].note


def test_equal_values_leave_eps_alone_too():
    module = module_of("gru", "split")
    with torch.no_grad():
        module.weight_ih_l0.fill_(0.5)
    board, _ = board_of(module)
    assert "All values of xW_rzn are equal here, so eps alone" in board.steps[0].note
