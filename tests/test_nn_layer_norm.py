"""Every layer normalised variant against loops written here straight from the equations."""

import itertools
import math

import pytest
import torch

from grucli.nn import GRU, LSTM, RNN, cells
from grucli.nn.layer import run_layer
from grucli.nn.rules import LayerWeights, cell_rule, parameter_shapes

EPS = 1e-5
C, H, T, B = 3, 4, 5, 2
GRU_VARIANTS = ("split", "ba2016", "sum", "sum_joint")
LSTM_VARIANTS = ("split", "ba2016", "split_state")
CELLS = {"gru": GRU, "rnn": RNN, "lstm": LSTM}


def standardise(values, eps):
    """One row of numbers minus its mean, over the root of its biased variance plus eps."""
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return [(v - mean) / math.sqrt(variance + eps) for v in values]


def affine(values, gain, bias):
    return [v * g + b for v, g, b in zip(values, gain, bias, strict=True)]


def times(matrix, vector):
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def logistic(a):
    return 1 / (1 + math.exp(-a))


def products(p, x, h):
    """x W and h U, with biases of their own where they have them."""
    found = []
    for side, reads in (("ih", x), ("hh", h)):
        product = times(p[f"weight_{side}_l0"], reads)
        inner = p.get(f"norm_bias_{side}_l0", [0.0] * len(product))
        found.append([value + bias for value, bias in zip(product, inner, strict=True)])
    return found


def gru_gates(variant, p, x, h, eps):
    """r, z and n of one row as plain lists of numbers."""
    xw, hu = products(p, x, h)
    if variant in ("split", "ba2016"):
        cuts = [0, 3 * H] if variant == "split" else [0, 2 * H, 3 * H]
        sides = []
        for a, side in ((xw, "ih"), (hu, "hh")):
            out = []
            for start, stop in itertools.pairwise(cuts):
                out += standardise(a[start:stop], eps)
            sides.append(affine(out, p[f"gain_{side}_l0"], p[f"bias_{side}_l0"]))
        big_x, q = sides
        r = [logistic(big_x[i] + q[i]) for i in range(H)]
        z = [logistic(big_x[H + i] + q[H + i]) for i in range(H)]
        n = [math.tanh(big_x[2 * H + i] + r[i] * q[2 * H + i]) for i in range(H)]
        return r, z, n
    gain, bias = p["gain_sum_l0"], p["bias_sum_l0"]
    if variant == "sum_joint":
        c = affine(standardise([a + b for a, b in zip(xw, hu, strict=True)], eps), gain, bias)
        r = [logistic(v) for v in c[:H]]
        return (
            r,
            [logistic(v) for v in c[H : 2 * H]],
            [math.tanh(r[i] * c[2 * H + i]) for i in range(H)],
        )
    parts = []
    for gate in range(2):
        rows = slice(gate * H, (gate + 1) * H)
        a = [left + right for left, right in zip(xw[rows], hu[rows], strict=True)]
        parts.append([logistic(v) for v in affine(standardise(a, eps), gain[rows], bias[rows])])
    r, z = parts
    a = [xw[2 * H + i] + r[i] * hu[2 * H + i] for i in range(H)]
    n = [math.tanh(v) for v in affine(standardise(a, eps), gain[2 * H :], bias[2 * H :])]
    return r, z, n


def lstm_next(variant, p, x, state, eps):
    """The next h and c of one row."""
    h, c = state
    sides = []
    for a, side in zip(products(p, x, h), ("ih", "hh"), strict=True):
        sides.append(affine(standardise(a, eps), p[f"gain_{side}_l0"], p[f"bias_{side}_l0"]))
    a = [left + right for left, right in zip(*sides, strict=True)]
    i, f, g, o = (a[at * H : (at + 1) * H] for at in range(4))
    c = [logistic(f[k]) * c[k] + logistic(i[k]) * math.tanh(g[k]) for k in range(H)]
    shown = affine(standardise(c, eps), p["gain_state_l0"], p["bias_state_l0"])
    h = [logistic(o[k]) * math.tanh(shown[k]) for k in range(H)]
    return h, shown if variant == "split_state" else c


def rnn_next(variant, p, x, h, eps):
    xw, hu = products(p, x, h)
    if variant in ("split", "ba2016"):
        left = affine(standardise(xw, eps), p["gain_ih_l0"], p["bias_ih_l0"])
        right = affine(standardise(hu, eps), p["gain_hh_l0"], p["bias_hh_l0"])
        return [math.tanh(a + b) for a, b in zip(left, right, strict=True)]
    a = standardise([left + right for left, right in zip(xw, hu, strict=True)], eps)
    return [math.tanh(v) for v in affine(a, p["gain_sum_l0"], p["bias_sum_l0"])]


def plain_loop(module, x_TBC, state, eps=None):
    """The whole sequence, row by row and step by step, in plain Python numbers.

    Outputs, and the parts of the final state.
    """
    p = {name: value.tolist() for name, value in module.named_parameters()}
    eps = eps or (1e-3 if module.layer_norm == "sum_joint" else EPS)
    outputs = torch.empty(T, B, H, dtype=torch.float64)
    final = [torch.empty(1, B, H, dtype=torch.float64) for _ in state]
    for b in range(B):
        parts = [part[0, b].tolist() for part in state]
        for t in range(T):
            x = x_TBC[t, b].tolist()
            if isinstance(module, RNN):
                parts = [rnn_next(module.layer_norm, p, x, parts[0], eps)]
            elif isinstance(module, LSTM):
                parts = lstm_next(module.layer_norm, p, x, parts, eps)
            else:
                _, z, n = gru_gates(module.layer_norm, p, x, parts[0], eps)
                parts = [[z[i] * parts[0][i] + (1 - z[i]) * n[i] for i in range(H)]]
            outputs[t, b] = torch.tensor(parts[0], dtype=torch.float64)
        for whole, part in zip(final, parts, strict=True):
            whole[0, b] = torch.tensor(part, dtype=torch.float64)
    return outputs, final


def random_state(cell, scale=1.0, **settings):
    """h, or h and c, of one layer."""
    shape = (1, B, H)
    parts = [
        torch.randn(shape, dtype=torch.float64) * scale for _ in CELLS[cell].equations.spec.state
    ]
    return [part.requires_grad_(**settings) for part in parts]


def given(state):
    """A state as a module takes it."""
    return state[0] if len(state) == 1 else tuple(state)


def randomised(module):
    """Gains, biases and all: random values, so that a swapped one is seen."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5 + name.startswith("gain"))
    return module


def make(cell, variant, **settings):
    torch.manual_seed(1)
    module = CELLS[cell](C, H, layer_norm=variant, dtype=torch.float64, **settings)
    return randomised(module)


VARIANTS = pytest.mark.parametrize(
    ("cell", "variant"),
    [(cell, v) for cell in ("gru", "rnn") for v in GRU_VARIANTS]
    + [("lstm", v) for v in LSTM_VARIANTS],
)
NORM_BIAS = pytest.mark.parametrize("norm_bias", [False, True])


@VARIANTS
@NORM_BIAS
@pytest.mark.parametrize("start", ["zero", "random"])
def test_a_sequence_equals_the_plain_loop(cell, variant, start, norm_bias):
    module = make(cell, variant, norm_bias=norm_bias)
    x = torch.randn(T, B, C, dtype=torch.float64)
    state = random_state(cell, scale=float(start == "random"))
    output, final = module(x, given(state))
    expected, expected_final = plain_loop(module, x, state)
    torch.testing.assert_close(output, expected, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(final, given(expected_final), rtol=1e-11, atol=1e-12)


@VARIANTS
def test_eps_is_added_to_every_variance(cell, variant):
    module = make(cell, variant, eps=0.3)
    x, state = torch.randn(T, B, C, dtype=torch.float64), random_state(cell)
    expected, _ = plain_loop(module, x, state, eps=0.3)
    torch.testing.assert_close(module(x, given(state))[0], expected, rtol=1e-11, atol=1e-12)


@VARIANTS
@NORM_BIAS
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_pass_gradcheck(cell, variant, bias, norm_bias):
    module = make(cell, variant, bias=bias, norm_bias=norm_bias)
    names = [name for name, _ in module.named_parameters()]
    state = random_state(cell, requires_grad=True)

    def run(x, *values):
        parts, parameters = values[: len(state)], values[len(state) :]
        named = dict(zip(names, parameters, strict=True))
        output, final = torch.func.functional_call(module, named, (x, given(parts)))
        return output, *(final if isinstance(final, tuple) else [final])

    x = torch.randn(3, B, C, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (x, *state, *module.parameters()))


def test_a_bias_inside_has_nothing_to_stand_in_without_a_normalisation():
    with pytest.raises(ValueError, match="norm_bias: nothing is normalised"):
        GRU(C, H, norm_bias=True)


@VARIANTS
def test_new_layers_begin_with_gains_of_one_and_biases_of_zero(cell, variant):
    module = CELLS[cell](C, H, layer_norm=variant, norm_bias=True)
    for name, values in module.named_parameters():
        if name.startswith("gain"):
            assert (values == 1).all()
        elif "bias" in name and (cell, variant) != ("gru", "sum_joint"):
            assert (values == 0).all()
    if (cell, variant) == ("gru", "sum_joint"):
        assert module.bias_sum_l0.tolist() == [*[0] * H, *[1] * H, *[0] * H]
        assert (module.norm_bias_hh_l0 == 0).all()


def test_the_state_that_is_carried_tells_two_variants_of_the_lstm_apart():
    torch.manual_seed(0)
    x = torch.randn(T, B, C, dtype=torch.float64)
    kept, normalised = (make("lstm", variant)(x) for variant in ("split", "split_state"))
    torch.testing.assert_close(kept[0][0], normalised[0][0], rtol=1e-12, atol=1e-13)
    assert not torch.allclose(kept[0][1], normalised[0][1])
    assert torch.equal(make("lstm", "ba2016")(x)[0], kept[0])


@VARIANTS
def test_a_zero_state_and_a_zero_input_give_finite_values_and_gradients(cell, variant):
    module = make(cell, variant)
    x = torch.zeros(T, B, C, dtype=torch.float64, requires_grad=True)
    module(x)[0].sum().backward()
    gradients = [x.grad, *(p.grad for p in module.parameters())]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("variant", ["split", "ba2016"])
@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_the_scale_of_the_input_does_not_matter_when_both_sides_are_normalised(
    cell, variant, factor
):
    module = make(cell, variant, eps=1e-14)
    x = torch.randn(T, B, C, dtype=torch.float64)
    torch.testing.assert_close(module(factor * x)[0], module(x)[0], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("variant", ["split", "ba2016"])
@pytest.mark.parametrize("matrix", ["weight_ih_l0", "weight_hh_l0"])
@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_the_scale_of_either_weight_matrix_does_not_matter(cell, variant, matrix, factor):
    module = make(cell, variant, eps=1e-14)
    x = torch.randn(T, B, C, dtype=torch.float64)
    h = torch.randn(1, B, H, dtype=torch.float64)
    before = module(x, h)[0]
    with torch.no_grad():
        module.get_parameter(matrix).mul_(factor)
    torch.testing.assert_close(module(x, h)[0], before, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("variant", ["sum", "sum_joint"])
def test_the_common_scale_of_both_weight_matrices_does_not_matter_to_a_normalised_sum(
    cell, variant
):
    module = make(cell, variant, eps=1e-14)
    x = torch.randn(T, B, C, dtype=torch.float64)
    h = torch.randn(1, B, H, dtype=torch.float64)
    before = module(x, h)[0]
    with torch.no_grad():
        module.weight_ih_l0.mul_(7.0)
    assert not torch.allclose(module(x, h)[0], before, rtol=1e-3)
    with torch.no_grad():
        module.weight_hh_l0.mul_(7.0)
    torch.testing.assert_close(module(x, h)[0], before, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("pair", [("split", "ba2016"), ("sum", "sum_joint")], ids="-".join)
def test_with_a_single_gate_two_variants_fall_together(pair):
    first, second = (make("rnn", variant, eps=1e-4) for variant in pair)
    x = torch.randn(T, B, C, dtype=torch.float64)
    assert torch.equal(first(x)[0], second(x)[0])


def test_the_four_variants_of_the_gru_differ():
    x = torch.randn(T, B, C, dtype=torch.float64)
    results = [make("gru", variant, eps=1e-5)(x)[0] for variant in GRU_VARIANTS]
    for i, first in enumerate(results):
        assert not any(torch.allclose(first, other, rtol=1e-3) for other in results[i + 1 :])


@pytest.mark.parametrize("variant", ["none", *GRU_VARIANTS])
def test_an_update_gate_that_is_wide_open_keeps_the_state(variant):
    module = make("gru", variant)
    name = "bias_sum_l0" if variant.startswith("sum") else "bias_hh_l0"
    with torch.no_grad():
        module.get_parameter(name)[H : 2 * H] = 60.0
    h = torch.randn(1, B, H, dtype=torch.float64)
    _, final = module(torch.randn(T, B, C, dtype=torch.float64), h)
    torch.testing.assert_close(final, h, rtol=1e-12, atol=1e-12)


MODULES = [
    *(("gru", v) for v in ("none", *GRU_VARIANTS)),
    ("rnn", "split"),
    *(("lstm", v) for v in ("none", "split", "split_state")),
]


def stack(cell, variant, **settings):
    torch.manual_seed(2)
    return CELLS[cell](C, H, 2, layer_norm=variant, dtype=torch.float64, **settings)


@pytest.mark.parametrize(("cell", "variant"), MODULES)
def test_a_whole_sequence_equals_single_steps_with_carried_state(cell, variant):
    module = stack(cell, variant)
    x = torch.randn(T, B, C, dtype=torch.float64)
    whole, final = module(x)
    state, rows = None, []
    for row in x:
        output, state = module.step(row, state)
        rows.append(output)
    torch.testing.assert_close(torch.stack(rows), whole, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(state, final, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("cell", "variant"), MODULES)
def test_a_sequence_can_be_cut_anywhere(cell, variant):
    module = stack(cell, variant)
    x = torch.randn(T, B, C, dtype=torch.float64)
    _, state = module(x[:2])
    torch.testing.assert_close(module(x[2:], state)[0], module(x)[0][2:], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("cell", "variant"), MODULES)
def test_no_future_value_moves_an_output(cell, variant):
    module = stack(cell, variant)
    x = torch.randn(T, B, C, dtype=torch.float64)
    changed = torch.cat([x[:3], torch.randn(T - 3, B, C, dtype=torch.float64)])
    before, after = module(x)[0], module(changed)[0]
    torch.testing.assert_close(before[:3], after[:3], rtol=0, atol=0)
    assert not torch.allclose(before[3:], after[3:])


@pytest.mark.parametrize(("cell", "variant"), MODULES)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_packed_batch_equals_its_sequences_one_by_one(cell, variant, bidirectional):
    module = stack(cell, variant, bidirectional=bidirectional)
    rows = [torch.randn(length, C, dtype=torch.float64) for length in (2, 5, 1, 4)]
    packed = torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
    output, state = module(packed)
    for index, (row, together) in enumerate(
        zip(rows, torch.nn.utils.rnn.unpack_sequence(output), strict=True)
    ):
        alone, alone_state = module(row)
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-13)
        hidden, alone_hidden = (s[0] if cell == "lstm" else s for s in (state, alone_state))
        torch.testing.assert_close(hidden[:, index], alone_hidden, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("cell", "variant"), MODULES)
@pytest.mark.parametrize("reverse", [False, True])
def test_rows_of_any_length_in_any_order_equal_the_same_rows_alone(cell, variant, reverse):
    shapes = parameter_shapes(cell_rule(cells.MODULES[cell].equations, variant), C, H, bias=True)
    weights = LayerWeights(**{n: torch.randn(s, dtype=torch.float64) for n, s in shapes.items()})
    lengths = torch.tensor([2, 5, 1, 4])
    x = torch.randn(T, 4, C, dtype=torch.float64)
    state = [torch.randn(4, H, dtype=torch.float64) for _ in ("hc" if cell == "lstm" else "h")]
    rule = cell_rule(cells.MODULES[cell].equations, variant)
    output, final = run_layer(rule, weights, x, tuple(state), reverse=reverse, lengths_B=lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = (rule, weights, x[:length, row, None], tuple(s[row, None] for s in state))
        expected, expected_final = run_layer(*alone, reverse=reverse)
        torch.testing.assert_close(output[:length, row], expected[:, 0], rtol=1e-12, atol=1e-13)
        assert (output[length:, row] == 0).all()
        for part, expected_part in zip(final, expected_final, strict=True):
            torch.testing.assert_close(part[row], expected_part[0], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("cell", "variant"), MODULES)
def test_the_order_of_the_batch_does_not_matter(cell, variant):
    module = stack(cell, variant, bidirectional=True)
    x = torch.randn(T, 6, C, dtype=torch.float64)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(
        module(x[:, order])[0], module(x)[0][:, order], rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize(("cell", "variant"), MODULES)
def test_autocast_runs_forwards_and_backwards_close_to_full_precision(cell, variant):
    module = stack(cell, variant).float()
    x = torch.randn(T, B, C)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, _ = module(x)
    output.float().sum().backward()
    torch.testing.assert_close(output.float(), module(x)[0], rtol=0, atol=0.15)
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())


def test_a_bidirectional_stack_cannot_go_step_by_step():
    with pytest.raises(ValueError, match="bidirectional"):
        GRU(C, H, bidirectional=True).step(torch.zeros(B, C))


def nodes_behind(output):
    """The names of all operations that autograd will walk back through."""
    waiting, seen = [output.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return [node.name() for node in seen]


@pytest.mark.parametrize("variant", ["none", *GRU_VARIANTS])
def test_no_step_slices_the_whole_sequence_which_would_cost_the_square_of_its_length(variant):
    x = torch.randn(T, B, C, dtype=torch.float64, requires_grad=True)
    names = nodes_behind(make("gru", variant)(x)[0])
    assert not {"SelectBackward0", "SliceBackward0", "IndexBackward0"} & set(names)
    assert names.count("UnbindBackward0") == 1
