"""Gradients by lag and Lyapunov exponents against finite differences and maps that are known."""

import math

import pytest
import torch

from grucli.insight.dynamics import (
    crossings,
    fitted_half_life_steps,
    gradients_by_lag,
    largest_lyapunov,
)
from grucli.insight.tracing import (
    Selection,
    gate_activities,
    time_constant_steps,
    value_names,
    values_of,
)
from grucli.nn import MODULES, Forecaster
from grucli.nn.norms import project_input, step_values
from grucli.nn.recording import record_stack
from grucli.tasks.forecast.samples import Batch

T, H = 40, 4


def linear_rnn(matrix, *, input_size=1):
    """An Elman network so close to zero that tanh is linear: h' = matrix h."""
    module = MODULES["rnn"](input_size, len(matrix), bias=False, dtype=torch.float64)
    with torch.no_grad():
        module.weight_hh_l0.copy_(matrix)
        module.weight_ih_l0.zero_()
    return module


def record_of(module, x=None):
    x = torch.zeros(T, 1, module.input_size, dtype=torch.float64) if x is None else x
    return record_stack(module, x).layers


def gru(variant="none", **settings):
    torch.manual_seed(0)
    return MODULES["gru"](2, H, layer_norm=variant, dtype=torch.float64, **settings)


@pytest.mark.parametrize("largest", [0.5, 0.9, 1.1])
def test_the_exponent_of_a_linear_map_is_the_log_of_its_largest_eigenvalue(largest):
    torch.manual_seed(3)
    basis = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64)).Q
    values = torch.tensor([largest, -0.1, 0.05, 0.02, 0.01], dtype=torch.float64)
    (layer,) = record_of(linear_rnn(basis @ torch.diag(values) @ basis.T))
    exponent, steps, halves = largest_lyapunov(layer)
    assert exponent == pytest.approx(math.log(largest), abs=1e-6)
    assert steps == T - T // 4
    assert halves == pytest.approx((math.log(largest),) * 2, abs=1e-6)


def test_either_half_of_the_steps_has_its_own_exponent():
    (layer,) = record_of(gru(), torch.randn(40, 1, 2, dtype=torch.float64).cumsum(dim=0))
    exponent, steps, halves = largest_lyapunov(layer)
    assert steps == 30
    assert sum(halves) / 2 == pytest.approx(exponent)
    assert abs(halves[0] - halves[1]) > 1e-3


def test_the_exponent_of_a_rotation_is_the_log_of_its_radius():
    turn = torch.tensor([[0.6, -0.7], [0.7, 0.6]], dtype=torch.float64)
    (layer,) = record_of(linear_rnn(turn))
    assert largest_lyapunov(layer)[0] == pytest.approx(math.log(math.hypot(0.6, 0.7)), abs=1e-9)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_exponent_is_the_growth_of_a_small_difference(cell, reverse):
    torch.manual_seed(1)
    module = MODULES[cell](2, H, bidirectional=True, dtype=torch.float64)
    layer = record_of(module, torch.randn(400, 1, 2, dtype=torch.float64))[int(reverse)]
    rows = list(layer.projected.unbind(0))
    rows = rows[::-1] if reverse else rows
    nudge, logs = 1e-7, []
    offset = [torch.randn(1, H, dtype=torch.float64) for _ in layer.states[0]]
    with torch.no_grad():
        for t, x in enumerate(rows):
            size = torch.cat(offset).norm()
            offset = [part / size * nudge for part in offset]
            if t > 100:
                logs.append(math.log(size / nudge))
            moved = tuple(p + o for p, o in zip(layer.states[t], offset, strict=True))
            after = step_values(layer.rule, layer.weights, x, moved).state
            offset = [a - b for a, b in zip(after, layer.states[t + 1], strict=True)]
    assert largest_lyapunov(layer)[0] == pytest.approx(sum(logs) / len(logs), abs=0.02)


def test_too_few_steps_have_no_exponent():
    (layer,) = record_of(gru(), torch.zeros(1, 1, 2, dtype=torch.float64))
    assert largest_lyapunov(layer) == (None, 0, ())


def forecaster(**settings):
    torch.manual_seed(2)
    model = Forecaster(target_size=1, hidden=3, horizon=2, **settings).double().eval()
    context, target = (torch.randn(4, steps, 1, dtype=torch.float64) for steps in (6, 2))
    return model, Batch(context, target, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "gru", "layer_norm": "split"},
        {"cell": "lstm"},
        {"cell": "rnn"},
        {"cell": "gru", "bidirectional": True},
        {"cell": "gru", "layers": 2, "layer_norm": "sum"},
    ],
    ids=str,
)
def test_gradients_by_lag_equal_finite_differences(settings):
    model, batch = forecaster(**settings)
    found = gradients_by_lag(model, batch, loss="mse")
    stack, size = model.recurrent, 1e-6
    x = batch.context.transpose(0, 1)
    records = record_stack(stack, x).layers
    for at, lags in enumerate(found):
        record = records[at]
        for lag in (0, 1, 4):
            step = len(x) - lag
            parts = record.states[step]
            gradient = torch.zeros(4, 3 * len(parts), dtype=torch.float64)
            for place in range(3 * len(parts)):
                losses = []
                for sign in (1, -1):
                    losses.append(_loss_with_nudge(model, batch, (at, step, place), sign * size))
                gradient[:, place] = (losses[0] - losses[1]) / (2 * size)
            assert lags[lag] == pytest.approx(float(gradient.norm(dim=1).mean()), rel=1e-5)


@torch.no_grad()
def _loss_with_nudge(model, batch, where, size):
    """Loss of each window when one part of one layer's state is moved after one step."""
    at, nudged_step, place = where
    stack, x = model.recurrent, batch.context.transpose(0, 1)
    finals = []
    for layer in range(stack.num_layers):
        outputs = []
        for direction in range(stack.directions):
            index = layer * stack.directions + direction
            record = record_stack(stack, batch.context.transpose(0, 1)).layers[index]
            rule, weights = record.rule, record.weights
            rows = list(project_input(rule, weights, x).unbind(0))
            state = record.states[0]
            hidden = []
            for t, row in enumerate(rows[::-1] if direction else rows, start=1):
                state = step_values(rule, weights, row, state).state
                if index == at and t == nudged_step:
                    state = tuple(part.clone() for part in state)
                    state[place // 3][:, place % 3] += size
                hidden.append(state[0])
            finals.append(state[0])
            outputs.append(torch.stack(hidden[::-1] if direction else hidden))
        x = torch.cat(outputs, dim=-1)
    forecast = model.decoder(torch.cat(finals[-stack.directions :], -1)).view(4, 2, 1)
    return ((forecast - batch.target) ** 2).mean((1, 2))


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.99])
def test_a_gradient_that_falls_exponentially_has_its_half_life(rate):
    curve = [3 * rate**lag for lag in range(60)]
    assert fitted_half_life_steps(curve) == pytest.approx(math.log(2) / -math.log(rate))
    steps = [min(59, math.floor(math.log(share) / math.log(rate))) for share in (0.5, 0.1, 0.01)]
    assert list(crossings(curve)) == steps


@pytest.mark.parametrize("curve", [(1.0, 1.0, 1.0), (1.0, 2.0, 4.0)])
def test_a_gradient_that_does_not_fall_has_no_half_life(curve):
    assert fitted_half_life_steps(curve) is None
    assert crossings(curve)[-1] == 2


def test_no_gradient_reaches_nowhere():
    assert crossings((0.0, 0.0)) == (None, None, None)
    assert fitted_half_life_steps((0.0, 0.0)) is None


def with_update_bias(value):
    module = gru()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_hh_l0[H : 2 * H] = value
    return module


@pytest.mark.parametrize("bias", [-2.0, 0.0, 3.0])
def test_memory_is_what_a_constant_update_gate_keeps(bias):
    (layer,) = record_of(with_update_bias(bias), torch.randn(T, 1, 2, dtype=torch.float64))
    z = 1 / (1 + math.exp(-bias))
    assert time_constant_steps(layer, Selection()) == pytest.approx([-1 / math.log(z)] * H)
    assert time_constant_steps(layer, Selection(gates=("reset",))) == ()


@pytest.mark.parametrize(("bias", "left", "right"), [(-9.0, 1, 0), (0.0, 0, 0), (9.0, 0, 1)])
def test_gates_that_never_move_are_seen_as_stuck(bias, left, right):
    (layer,) = record_of(with_update_bias(bias), torch.randn(T, 1, 2, dtype=torch.float64))
    update = gate_activities(layer, Selection(gates=("update",)))[0]
    assert (update.left_saturated_share, update.right_saturated_share) == (left, right)
    assert update.always_left_saturated == tuple(range(H)) * left
    assert update.always_right_saturated == tuple(range(H)) * right


def test_activities_are_plain_statistics_of_the_recorded_gates():
    (layer,) = record_of(gru("split"), 3 * torch.randn(T, 2, 2, dtype=torch.float64))
    for at, activity in enumerate(gate_activities(layer, Selection())):
        values = layer.gates.chunk(3, -1)[at]
        low = -0.9 if activity.symbol == "n" else 0.1
        assert activity.mean == pytest.approx(float(values.mean()))
        assert activity.standard_deviation == pytest.approx(float(values.std(correction=0)))
        assert activity.left_saturated_share == pytest.approx(float((values < low).double().mean()))
        assert activity.right_saturated_share == pytest.approx(
            float((values > 0.9).double().mean())
        )
        assert activity.by_step == pytest.approx(values.mean((1, 2)).tolist())


def test_a_selection_picks_steps_units_and_gates_of_the_same_values():
    (layer,) = record_of(gru("sum"), torch.randn(T, 2, 2, dtype=torch.float64))
    whole, names = values_of(layer, Selection()), value_names("gru", Selection())
    some = Selection(units=(3, 1), gates=("update",), steps=(0, 7))
    picked_names = value_names("gru", some)
    assert picked_names == ("z", "h", "xW_z", "hU_z", "a_z")
    columns = [names.index(name) for name in picked_names]
    assert torch.equal(values_of(layer, some), whole[[0, 7]][:, :, [3, 1]][..., columns])
    only = gate_activities(layer, some)
    assert [activity.gate for activity in only] == ["update"]
    assert only[0].mean == pytest.approx(
        float(whole[[0, 7]][:, :, [3, 1], names.index("z")].mean())
    )


def test_a_crossing_is_measured_where_a_fit_is_far_from_the_curve():
    curve = [1.0] * 20 + [0.011] * 20
    assert crossings(curve) == (19, 19, 39)
    assert fitted_half_life_steps(curve) < 6
