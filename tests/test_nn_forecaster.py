"""The forecaster: what moves a forecast, what does not, and how far gradients reach."""

import pytest
import torch

from grucli.nn import Forecaster
from grucli.nn.window_scale import WindowScale

B, T, K = 3, 9, 4
DECODERS = pytest.mark.parametrize("decoder", ["direct", "recursive"])
CELLS = pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
CHANNELS = pytest.mark.parametrize("channels", ["joint", "independent"])
NORMALISE = pytest.mark.parametrize("normalise", ["none", "last", "mean_std"])


def make(**settings):
    torch.manual_seed(0)
    usual = {"hidden": 6, "horizon": K, "target_size": 2, "layers": 2}
    return Forecaster(**(usual | settings)).double()


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def assert_close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


@CELLS
@DECODERS
@CHANNELS
@NORMALISE
@pytest.mark.parametrize("flags", [False, True])
def test_a_forecast_has_one_value_for_each_window_step_and_target(
    cell, decoder, channels, normalise, flags
):
    flag_size = 2 if flags else 0
    model = make(
        cell=cell, decoder=decoder, channels=channels, normalise=normalise, flag_size=flag_size
    )
    forecast = model(random(B, T, 2 + flag_size))
    assert forecast.shape == (B, K, 2)
    forecast.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@CELLS
@DECODERS
@CHANNELS
@NORMALISE
def test_every_step_of_every_target_sees_its_newest_point(cell, decoder, channels, normalise):
    model = make(cell=cell, decoder=decoder, channels=channels, normalise=normalise)
    context = random(B, T, 2)
    moved = context.clone()
    moved[:, -1] += 0.5
    difference = (model(moved) - model(context)).abs()
    assert difference.min() > 1e-9


@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_step_sees_the_oldest_point_too(bidirectional):
    model = make(bidirectional=bidirectional)
    context = random(B, T, 2)
    moved = context.clone()
    moved[:, 0] += 0.5
    assert (model(moved) - model(context)).abs().min() > 1e-12


@DECODERS
def test_the_truth_moves_no_forecast_without_teacher_forcing(decoder):
    model = make(decoder=decoder)
    context = random(B, T, 2)
    assert torch.equal(model(context, None, random(B, K, 2)), model(context))


def test_with_teacher_forcing_a_step_sees_only_the_truth_before_it():
    model = make(decoder="recursive")
    context, target = random(B, T, 2), random(B, K, 2)
    forecast = model(context, None, target, 1.0)
    for k in range(K):
        moved = target.clone()
        moved[:, k] += 1.0
        difference = (model(context, None, moved, 1.0) - forecast).abs().amax(dim=(0, 2))
        assert torch.equal(difference > 0, torch.arange(K) > k)


@CHANNELS
def test_full_teacher_forcing_reads_the_truth_as_if_it_were_context(channels):
    model = make(decoder="recursive", channels=channels)
    context, target = random(B, T, 2), random(B, K, 2)
    forced = model(context, None, target, 1.0)
    for k in range(K):
        longer = torch.cat([context, target[:, :k]], dim=1)
        assert_close(model(longer)[:, 0], forced[:, k])


def test_the_truth_is_fed_back_on_the_scale_of_the_window():
    model = make(decoder="recursive", normalise="mean_std")
    context, target = random(B, T, 2), random(B, K, 2)
    shifted = model(50 + 3 * context, None, 50 + 3 * target, 1.0)
    assert_close(shifted, 50 + 3 * model(context, None, target, 1.0))


def test_teacher_forcing_draws_for_each_sample_and_step():
    model = make(decoder="recursive", horizon=2)
    context, target = random(1, T, 2).expand(400, -1, -1), random(1, 2, 2).expand(400, -1, -1)
    second = model(context, None, target, 0.25)[:, 1]
    forced, free = model(context, None, target, 1.0)[0, 1], model(context)[0, 1]
    is_forced = torch.isclose(second, forced).all(-1)
    assert torch.equal(is_forced, ~torch.isclose(second, free).all(-1))
    assert 60 < is_forced.sum() < 140


def test_the_recursive_decoder_feeds_its_own_forecast_back():
    model = make(decoder="recursive")
    context = random(B, T, 2)
    forecast = model(context)
    for k in range(1, K):
        longer = torch.cat([context, forecast[:, :k]], dim=1)
        assert_close(model(longer)[:, 0], forecast[:, k])


def test_what_is_fed_back_counts_as_measured():
    model = make(decoder="recursive", flag_size=2)
    context = torch.cat([random(B, T, 2), torch.zeros(B, T, 2).double()], dim=-1)
    forecast = model(context)
    row = torch.cat([forecast[:, :1], torch.ones(B, 1, 2).double()], dim=-1)
    assert_close(model(torch.cat([context, row], dim=1))[:, 0], forecast[:, 1])


@DECODERS
@CHANNELS
@pytest.mark.parametrize("normalise", ["last", "mean_std"])
def test_a_shift_of_the_context_shifts_the_forecast_alike(decoder, channels, normalise):
    model = make(decoder=decoder, channels=channels, normalise=normalise)
    context, shift = random(B, T, 2), 100 * random(B, 1, 2)
    assert_close(model(context + shift), model(context) + shift)


@DECODERS
@CHANNELS
def test_mean_std_also_carries_the_scale_of_a_window_over(decoder, channels):
    model = make(decoder=decoder, channels=channels, normalise="mean_std")
    context = random(B, T, 2)
    assert_close(model(1000 * context), 1000 * model(context))


def test_last_puts_the_newest_value_of_a_window_at_zero_and_keeps_its_scale():
    context = 5 + 3 * random(B, T, 2)
    assert_close(WindowScale.of("last", context).apply(context), context - context[:, -1:])


def test_mean_std_gives_a_window_mean_zero_and_deviation_one():
    context = 5 + 3 * random(B, T, 2)
    normalised = WindowScale.of("mean_std", context).apply(context)
    assert_close(normalised.mean(1), torch.zeros(B, 2).double())
    assert_close(normalised.std(1, correction=0), torch.ones(B, 2).double())


def test_without_normalisation_a_shift_is_not_carried_over():
    model = make()
    context = random(B, T, 2)
    assert not torch.allclose(model(context + 100), model(context) + 100, rtol=0.1)


@DECODERS
@pytest.mark.parametrize("level", [0.0, 1e6])
def test_a_flat_window_gives_finite_values_and_gradients(decoder, level):
    model = make(decoder=decoder, normalise="mean_std").float()
    forecast = model(torch.full((B, T, 2), level))
    forecast.sum().backward()
    assert torch.isfinite(forecast).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_flags_are_not_normalised():
    model = make(flag_size=2, normalise="last")
    values = random(B, T, 2)
    ones, zeros = torch.ones(B, T, 2).double(), torch.zeros(B, T, 2).double()
    measured, filled = (model(torch.cat([values, flags], dim=-1)) for flags in (ones, zeros))
    assert (measured - filled).abs().min() > 1e-9


def test_past_covariates_are_normalised_by_themselves_and_not_forecast():
    model = make(past_size=1, normalise="mean_std")
    context = random(B, T, 3)
    forecast = model(context)
    assert forecast.shape == (B, K, 2)
    assert_close(model(context * torch.tensor([1, 1, 9]).double()), forecast)
    moved = context.clone()
    moved[:, -1, 2] += 0.5
    assert (model(moved) - forecast).abs().min() > 1e-9


@DECODERS
@pytest.mark.parametrize("flag_size", [0, 2])
def test_independent_channels_do_not_see_each_other_and_share_their_weights(decoder, flag_size):
    model = make(decoder=decoder, channels="independent", flag_size=flag_size)
    context = random(B, T, 2 + flag_size)
    forecast = model(context)
    moved = context.clone()
    moved[..., 1::2] += 0.5
    assert torch.equal(model(moved)[..., 0], forecast[..., 0])
    assert (model(moved)[..., 1] - forecast[..., 1]).abs().min() > 1e-9
    swapped = context[..., [1, 0, 3, 2][: 2 + flag_size]]
    assert_close(model(swapped), forecast[..., [1, 0]])


@CELLS
@DECODERS
@CHANNELS
def test_the_order_of_the_windows_does_not_matter(cell, decoder, channels):
    model = make(cell=cell, decoder=decoder, channels=channels, normalise="mean_std")
    context, order = random(B, T, 2), torch.tensor([2, 0, 1])
    assert_close(model(context[order]), model(context)[order])


@CELLS
@DECODERS
@pytest.mark.parametrize("steps", [1, 4, T])
def test_truncated_gradients_reach_exactly_that_many_steps(cell, decoder, steps):
    model = make(cell=cell, decoder=decoder, tbptt_steps=steps)
    context = random(B, T, 2).requires_grad_()
    model(context).sum().backward()
    reached = context.grad.abs().amax(dim=(0, 2)) > 0
    assert torch.equal(reached, torch.arange(T) >= T - steps)


@DECODERS
@pytest.mark.parametrize("steps", [1, 4, T, T + 5])
def test_truncation_changes_no_forecast(decoder, steps):
    context = random(B, T, 2)
    expected = make(decoder=decoder)(context)
    assert_close(make(decoder=decoder, tbptt_steps=steps)(context), expected)


def test_truncation_is_for_training_only():
    model = make(tbptt_steps=2).eval()
    context = random(B, T, 2).requires_grad_()
    model(context).sum().backward()
    assert (context.grad.abs().amax(dim=(0, 2)) > 0).all()


@DECODERS
def test_dropout_acts_before_the_decoder_and_in_training_only(decoder):
    model, plain = make(decoder=decoder, layers=1, dropout=0.5), make(decoder=decoder, layers=1)
    context = random(B, T, 2)
    assert not torch.equal(model(context), model(context))
    assert torch.equal(model.eval()(context), plain(context))


def test_parameters_are_named_after_the_stack_and_the_decoder():
    names = [name for name, _ in make(layers=1).named_parameters()]
    assert names[1] == "recurrent.weight_hh_l0"
    assert names[-2:] == ["decoder.weight", "decoder.bias"]


def test_initialise_draws_the_decoder_too_and_follows_the_seed():
    model = make()
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        model.initialise(hidden_hidden="orthogonal", chrono_steps=9)
        states.append({name: value.clone() for name, value in model.state_dict().items()})
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not any(torch.equal(states[0][name], states[2][name]) for name in ["decoder.weight"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cell": "mlp"}, "cell: 'mlp' is unknown; expected one of gru, rnn, lstm"),
        ({"decoder": "magic"}, "decoder: 'magic'"),
        ({"normalise": "first"}, "normalise: 'first'"),
        ({"channels": "both"}, "channels: 'both'"),
        ({"bidirectional": True, "decoder": "recursive"}, "bidirectional: excludes"),
        ({"bidirectional": True, "tbptt_steps": 3}, "bidirectional: excludes"),
        ({"past_size": 1, "decoder": "recursive"}, "past_size: excludes"),
        ({"past_size": 1, "channels": "independent"}, "past_size: excludes"),
        ({"flag_size": 3}, "flag_size: 3 flags; expected at most 2"),
        ({"tbptt_steps": 0}, "tbptt_steps: 0"),
    ],
)
def test_choices_that_do_not_exist_or_exclude_each_other_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        make(**settings)


@pytest.mark.parametrize(
    ("context", "target", "words"),
    [
        (torch.zeros(B, T, 3), None, r"context: shape \(3, 9, 3\); expected \(windows, steps, 2\)"),
        (torch.zeros(T, 2), None, r"context: shape \(9, 2\)"),
        (torch.zeros(B, T, 2), torch.zeros(B, 1, 2), r"target: .* expected \(3, 4, 2\)"),
    ],
)
def test_a_window_that_does_not_fit_is_named(context, target, words):
    with pytest.raises(ValueError, match=words):
        make()(context.double(), None, target)
