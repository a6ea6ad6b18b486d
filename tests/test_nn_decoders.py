"""Decoders: segments against a plain loop, columns known in advance, the linear skip."""

import pytest
import torch

from grucli.nn import Forecaster
from grucli.nn.window_scale import SMALLEST_SPREAD, WindowScale

B, T, K, W = 3, 9, 4, 3
CELLS = pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
EVERY = pytest.mark.parametrize("decoder", ["direct", "recursive", "segment"])
CHANNELS = pytest.mark.parametrize("channels", ["joint", "independent"])


def make(decoder="segment", **settings):
    torch.manual_seed(0)
    usual = {"hidden": 6, "horizon": K, "target_size": 2, "layers": 2, "context": T}
    if decoder == "segment":
        usual["segment"] = W
    return Forecaster(decoder=decoder, **(usual | settings)).double()


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def assert_close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def segments_one_by_one(model, context):
    """The equations of SegRNN for one window [T, C], a segment at a time, on torch's modules."""
    decoder, stack = model.decoder, model.recurrent
    twin = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}[stack.cell](
        stack.input_size, stack.hidden_size, stack.num_layers
    ).double()
    twin.load_state_dict(stack.state_dict())
    state = None
    for start in range(0, len(context), W):
        rows = context[start : start + W].reshape(-1)
        _, state = twin(torch.relu(decoder.reads(rows)).unsqueeze(0), state)
    steps = []
    for place in decoder.places:
        output, _ = twin(place.unsqueeze(0), state)
        steps.append(decoder(output[0]).view(W, -1))
    return torch.cat(steps)[: model.horizon]


@CELLS
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("horizon", [1, 3, 4, 7])
def test_all_segments_at_once_equal_one_after_the_other(cell, layers, horizon):
    model = make(cell=cell, layers=layers, horizon=horizon)
    context = random(B, T, 2)
    expected = torch.stack([segments_one_by_one(model, window) for window in context])
    assert_close(model(context), expected)


@pytest.mark.parametrize("steps", [1, 2, 4, 7, 8])
def test_a_context_that_is_no_multiple_begins_with_copies_of_its_oldest_row(steps):
    model = make()
    context = random(B, steps, 2)
    copies = context[:, :1].expand(-1, -steps % W, -1)
    assert_close(model(context), model(torch.cat([copies, context], dim=1)))


@pytest.mark.parametrize("layer_norm", ["split", "ba2016", "sum", "sum_joint"])
@CHANNELS
def test_segments_work_with_every_layer_norm_and_give_every_weight_a_gradient(layer_norm, channels):
    model = make(layer_norm=layer_norm, channels=channels, future_size=1, skip="linear")
    forecast = model(random(B, T, 3), random(B, K, 1))
    assert forecast.shape == (B, K, 2)
    forecast.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


def test_a_column_known_in_advance_moves_only_the_segment_of_its_step():
    model = make(future_size=1, horizon=7)
    context, future = random(B, T, 3), random(B, 7, 1)
    forecast = model(context, future)
    for k in range(7):
        moved = future.clone()
        moved[:, k] += 0.5
        reached = (model(context, moved) - forecast).abs().amin(dim=(0, 2)) > 1e-12
        assert torch.equal(reached, torch.arange(7) // W == k // W)


def test_a_column_known_in_advance_moves_only_its_own_step_of_the_direct_decoder():
    model = make("direct", future_size=2)
    context, future = random(B, T, 4), random(B, K, 2)
    forecast = model(context, future)
    for k in range(K):
        moved = future.clone()
        moved[:, k] += 2.0
        reached = (model(context, moved) - forecast).abs().amax(dim=(0, 2)) > 1e-12
        assert torch.equal(reached, torch.arange(K) == k)


def test_the_recursive_decoder_reads_a_known_column_from_the_step_that_it_leads_to():
    model = make("recursive", future_size=1, static_size=1, flag_size=4)
    context, future = random(B, T, 8), random(B, K, 1)
    context[..., 3:4] = context[:, :1, 3:4]
    forecast = model(context, future)
    for k in range(K):
        moved = future.clone()
        moved[:, k] += 0.5
        reached = (model(context, moved) - forecast).abs().amax(dim=(0, 2)) > 1e-12
        assert torch.equal(reached, torch.arange(K) >= k)
    static, ones = context[:, -1:, 3:4], torch.ones(B, 1, 4).double()
    fed = torch.cat([forecast[:, :1], future[:, :1], static, ones], dim=-1)
    later = torch.cat([future[:, 1:], random(B, 1, 1)], dim=1)
    longer = model(torch.cat([context, fed], dim=1), later)
    assert_close(longer[:, 0], forecast[:, 1])


@EVERY
@CHANNELS
def test_known_and_constant_columns_and_their_flags_go_to_every_target(decoder, channels):
    settings = {"future_size": 1, "static_size": 1, "flag_size": 4, "channels": channels}
    model = make(decoder, **settings)
    context, future = random(B, T, 8), random(B, K, 1)
    forecast = model(context, future)
    for column in (2, 3, 6, 7):
        moved = context.clone()
        moved[..., column] += 0.5
        assert (model(moved, future) - forecast).abs().amin() > 1e-12


@EVERY
def test_known_and_constant_columns_are_not_normalised_by_window(decoder):
    model = make(decoder, future_size=1, static_size=1, normalise="mean_std")
    context, future = random(B, T, 4), random(B, K, 1)
    context[..., 3] = 2.0
    other = context.clone()
    other[..., 3] = 5.0
    assert (model(other, future) - model(context, future)).abs().min() > 1e-9


def test_independent_targets_of_segments_differ_by_their_channel_alone():
    model = make(channels="independent")
    context = random(B, T, 1).expand(-1, -1, 2)
    assert (model(context)[..., 0] - model(context)[..., 1]).abs().min() > 1e-9
    with torch.no_grad():
        model.decoder.channel[1] = model.decoder.channel[0]
    assert torch.equal(model(context)[..., 0], model(context)[..., 1])


@pytest.mark.parametrize(("steps", "reach"), [(1, 3), (3, 3), (4, 6), (9, 9), (20, 9)])
def test_truncated_gradients_of_segments_reach_that_many_steps_in_whole_segments(steps, reach):
    model = make(tbptt_steps=steps)
    context = random(B, T, 2).requires_grad_()
    model(context).sum().backward()
    reached = context.grad.abs().amax(dim=(0, 2)) > 0
    assert torch.equal(reached, torch.arange(T) >= T - reach)


@EVERY
@CHANNELS
def test_a_skip_adds_its_map_of_the_normalised_context(decoder, channels):
    model = make(decoder, channels=channels, skip="linear", normalise="mean_std")
    context = random(B, T, 2)
    without = model(context)
    maps = 1 if channels == "independent" else 2
    with torch.no_grad():
        model.skip.weight.normal_()
        model.skip.bias.normal_()
    assert model.skip.weight.shape == (maps, K, T)
    mean, spread = context.mean(1), context.std(1, correction=0)
    expected = without.clone()
    for target in range(2):
        at = target if maps == 2 else 0
        normalised = (context[..., target] - mean[:, target, None]) / spread[:, target, None]
        linear = normalised @ model.skip.weight[at].T + model.skip.bias[at]
        expected[..., target] += linear * spread[:, target, None]
    assert_close(model(context), expected)


def test_a_skip_begins_at_zero_and_learns_from_the_first_step():
    model = make(skip="linear")
    context = random(B, T, 2)
    assert torch.equal(model(context), make()(context))
    model(context).square().sum().backward()
    assert model.skip.weight.grad.abs().min() > 0


def test_last_scaled_divides_by_the_mean_step_of_the_window():
    context = 5 + 3 * random(B, T, 2)
    steps = (context[:, 1:] - context[:, :-1]).abs().mean(1, keepdim=True)
    normalised = WindowScale.of("last_scaled", context).apply(context)
    assert_close(normalised, (context - context[:, -1:]) / steps)
    flat = WindowScale.of("last_scaled", torch.full((1, T, 1), 7.0))
    assert flat.spread.item() == pytest.approx(SMALLEST_SPREAD)
    assert WindowScale.of("last_scaled", context[:, -1:]).spread is None


@EVERY
def test_last_scaled_carries_level_and_scale_of_a_window_over(decoder):
    model = make(decoder, normalise="last_scaled", skip="linear")
    context = random(B, T, 2)
    assert_close(model(50 + 3 * context), 50 + 3 * model(context))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"decoder": "segment", "bidirectional": True}, "bidirectional: excludes"),
        ({"skip": "ridge"}, "skip: 'ridge' is unknown; expected one of none, linear"),
    ],
)
def test_choices_that_exclude_each_other_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        make(**settings)


def test_a_context_of_another_length_than_the_skip_was_made_for_is_named():
    with pytest.raises(ValueError, match="context: 8 steps; expected 9, which the skip"):
        make(skip="linear")(random(B, T - 1, 2))


def test_a_future_that_does_not_fit_is_named():
    model = make(future_size=1)
    with pytest.raises(ValueError, match=r"future: shape \(3, 4, 0\); expected \(3, 4, 1\)"):
        model(random(B, T, 3))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "decoder='segment'"),
        ({"decoder": "direct", "skip": "linear"}, "skip='linear'"),
        ({"decoder": "direct", "normalise": "last_scaled"}, "normalise='last_scaled'"),
        ({"decoder": "direct", "future_size": 1}, "future_size"),
    ],
)
def test_what_needs_whole_windows_cannot_go_row_by_row(settings, reason):
    with pytest.raises(ValueError, match=f"step: {reason} needs whole windows"):
        make(**settings).step(random(B, 2))


def test_a_model_without_storage_draws_nothing(monkeypatch):
    """Torch loads its compiler for such numbers, which takes longer than a forecast."""

    def drawn(*_):
        raise AssertionError("numbers were drawn")

    monkeypatch.setattr(torch.Tensor, "normal_", drawn)
    settings = {"decoder": "segment", "segment": W, "channels": "independent", "past_size": 0}
    with torch.device("meta"):
        model = Forecaster(target_size=2, future_size=1, categories={2: 3}, **settings)
    assert all(parameter.is_meta for parameter in model.parameters())
    with pytest.raises(AssertionError, match="drawn"):
        Forecaster(target_size=2, **settings)
