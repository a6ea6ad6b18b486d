"""Recorded steps equal what the modules themselves compute, and torch's own LSTM."""

import pytest
import torch
from torch.nn import functional

from grucli.nn import MODULES, Forecaster
from grucli.nn.recording import record_stack, recording
from tests.test_nn_layer_norm import gru_gates, randomised

C, H, T, B = 3, 5, 7, 2
KINDS = (
    [
        (cell, variant)
        for cell in ("gru", "rnn")
        for variant in ("none", "split", "ba2016", "sum", "sum_joint")
    ]
    + [("lstm", v) for v in ("none", "split", "ba2016", "split_state")]
    + [("rnn relu", "none"), ("rnn relu", "split"), ("rnn relu", "sum")]
)
ALL = pytest.mark.parametrize(("cell", "variant"), KINDS)


def make(cell, variant, **settings):
    torch.manual_seed(5)
    cell, _, activation = cell.partition(" ")
    module = MODULES[cell](
        *(C, H), layer_norm=variant, activation=activation or None, dtype=torch.float64, **settings
    )
    return randomised(module)


def series():
    torch.manual_seed(6)
    return torch.randn(T, B, C, dtype=torch.float64)


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-12)


@ALL
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("start", ["zero", "random"])
def test_recorded_states_are_the_modules_own_outputs(cell, variant, layers, bidirectional, start):
    module = make(cell, variant, num_layers=layers, bidirectional=bidirectional)
    x = series()
    shape = (layers * module.directions, B, H)
    count = 2 if cell == "lstm" else 1
    states = tuple(torch.randn(shape, dtype=torch.float64) for _ in range(count))
    states = states if start == "random" else None
    given = states if cell == "lstm" or states is None else states[0]
    output, final = module(x, given)
    record = record_stack(module, x, states)
    close(record.output, output)
    close(record.final, final if cell == "lstm" else (final,))
    for layer in record.layers:
        close(layer.parts_after(), layer.own)


@ALL
def test_the_state_before_a_step_is_the_one_after_the_step_before(cell, variant):
    record = record_stack(make(cell, variant, bidirectional=True), series())
    for layer in record.layers:
        before, after = layer.parts_before(), layer.parts_after()
        if layer.reverse:
            before, after = before.flip(0), after.flip(0)
        assert (before[0] == 0).all()
        assert torch.equal(before[1:], after[:-1])


@ALL
def test_the_argument_of_each_gate_gives_the_gate(cell, variant):
    (layer,) = record_stack(make(cell, variant), series()).layers
    gates = {"gru": "sst", "rnn": "t", "rnn relu": "r", "lstm": "ssts"}[cell]
    functions = {"s": torch.sigmoid, "t": torch.tanh, "r": torch.relu}
    values = (block.chunk(len(gates), -1) for block in (layer.gates, layer.arguments))
    blocks = zip(gates, *values, strict=True)
    for kind, gate, argument in blocks:
        close(gate, functions[kind](argument))
        assert kind == "r" or (gate.abs() < 1).all()
        assert kind == "t" or (gate >= 0).all()


@pytest.mark.parametrize("variant", ["split", "ba2016", "sum", "sum_joint"])
def test_recorded_gates_equal_those_of_a_plain_loop(variant):
    torch.manual_seed(7)
    module = randomised(MODULES["gru"](3, 4, layer_norm=variant, dtype=torch.float64))
    (layer,) = record_stack(module, series()).layers
    p = {name: value.tolist() for name, value in module.named_parameters()}
    eps = 1e-3 if variant == "sum_joint" else 1e-5
    before = layer.parts_before().detach()
    for t in range(T):
        r, z, n = gru_gates(variant, p, series()[t, 1].tolist(), before[t, 1].tolist(), eps)
        close(layer.gates[t, 1], torch.tensor([*r, *z, *n], dtype=torch.float64))


@pytest.mark.parametrize("variant", ["none", "split"])
def test_products_are_weights_times_what_they_read_alone(variant):
    module = make("gru", variant, bidirectional=True)
    forward, reverse = record_stack(module, series()).layers
    close(forward.products()["ih"], series() @ module.weight_ih_l0.T)
    h = torch.cat([reverse.own[1:], torch.zeros(1, B, H, dtype=torch.float64)])
    close(reverse.products()["hh"], h @ module.weight_hh_l0_reverse.T)


def test_without_normalisation_the_sum_of_products_and_biases_is_the_argument():
    module = make("gru", "none")
    (layer,) = record_stack(module, series()).layers
    whole = sum(layer.products().values()) + module.bias_ih_l0 + module.bias_hh_l0
    close(layer.arguments[..., : 2 * H], whole[..., : 2 * H].detach())


@pytest.mark.parametrize("variant", ["sum", "sum_joint"])
def test_normalised_sums_are_the_layer_norm_of_the_sums(variant):
    module = make("gru", variant)
    (layer,) = record_stack(module, series()).layers
    sizes, eps = ([H] * 3, 1e-5) if variant == "sum" else ([3 * H], 1e-3)
    parts = [functional.layer_norm(p, p.shape[-1:], eps=eps) for p in layer.sums.split(sizes, -1)]
    expected = torch.cat(parts, -1) * module.gain_sum_l0 + module.bias_sum_l0
    close(layer.normalised, expected.detach())


@pytest.mark.parametrize("decoder", ["direct", "recursive"])
@pytest.mark.parametrize("channels", ["joint", "independent"])
def test_a_recorded_forecaster_forecasts_the_same_from_the_recorded_states(decoder, channels):
    torch.manual_seed(8)
    model = Forecaster(
        target_size=2,
        hidden=H,
        layers=2,
        horizon=3,
        layer_norm="split",
        normalise="last",
        decoder=decoder,
        channels=channels,
    )
    model.double().eval()
    context = torch.randn(B, T, 2, dtype=torch.float64)
    with recording(model.recurrent) as calls:
        forecast = model(context)
    close(forecast, model(context))
    assert calls[0].layers[0].inputs.shape[:2] == (T, B * model.samples_per_window)
    gradient = torch.autograd.grad(forecast.sum(), calls[0].layers[0].states[1][0])[0]
    assert gradient.abs().sum() > 0


def test_recording_ends_with_its_block():
    module = make("gru", "none")
    with recording(module) as calls:
        module(series())
    module(series())
    assert len(calls) == 1


def test_what_is_not_a_batch_of_sequences_is_not_recorded():
    module = make("gru", "none")
    with recording(module), pytest.raises(ValueError, match="3 dimensions"):
        module(series()[:, 0])
