"""A seasonal profile beside the network: what it can be, and what it does to a forecast."""

import numpy as np
import pytest
import torch

from grucli.nn import Forecaster
from grucli.nn.decoders import Row, Seasonality
from tests.test_nn_decoders import CHANNELS, EVERY, K, T, assert_close, make, random

DAY = 8
SEASONAL = {"future_size": 3, "harmonics": {1: 2}}
"""The second and the third future column are sine and cosine of a cycle."""
OUTPUTS = pytest.mark.parametrize(
    "output",
    [{}, {"output": "quantiles", "levels": (0.1, 0.5, 0.9)}, {"output": "gaussian"},
     {"output": "student_t"}],
    ids=["point", "quantiles", "gaussian", "student_t"],
)  # fmt: skip


def windows(batch=3, steps=T + K, seed=1):
    """Contexts and futures whose columns are two targets, one known column, sine and cosine."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randint(DAY, (batch, 1), generator=generator)
    angle = (first + torch.arange(steps)).double() * (2 * torch.pi / DAY)
    known = torch.randn(batch, steps, 1, generator=generator).double()
    waves = torch.stack([angle.sin(), angle.cos()], dim=-1)
    targets = torch.randn(batch, steps, 2, generator=generator).double()
    rows = torch.cat([targets, known, waves], dim=-1)
    return rows[:, :T], rows[:, T:, 2:], angle


def profile(weight, angle):
    """The series written out: a sine and a cosine of one and of two times the angle, [B, T, 2]."""
    waves = [f(n * angle) for n in (1, 2) for f in (torch.sin, torch.cos)]
    return torch.stack(waves, dim=-1) @ weight


def drawn(model):
    with torch.no_grad():
        model.season.weight.normal_()
    return model


@EVERY
@CHANNELS
@OUTPUTS
@pytest.mark.parametrize("normalise", ["none", "last", "last_scaled", "mean_std", "mean"])
def test_a_model_sees_what_the_profile_leaves_and_says_it_with_the_profile(
    decoder, channels, output, normalise
):
    settings = output | {"channels": channels, "normalise": normalise, "skip": "linear"}
    model = drawn(make(decoder, **settings, **SEASONAL)).eval()
    plain = make(decoder, **settings, future_size=3).eval()
    weights = model.state_dict()
    weight = weights.pop("season.weight")
    plain.load_state_dict(weights)
    context, future, angle = windows()
    seasonal = profile(weight, angle)
    rest = torch.cat([context[..., :2] - seasonal[:, :T], context[..., 2:]], dim=-1)
    found, expected = model.distribution(context, future), plain.distribution(rest, future)
    for level in (0.1, 0.5, 0.9):
        assert_close(found.quantile(level), expected.quantile(level) + seasonal[:, T:])
    assert_close(found.spread.expand(3, K, 2), expected.spread.expand(3, K, 2))
    assert_close(
        model.window_units(context).spread_of(future), plain.window_units(rest).spread_of(future)
    )


def test_the_truth_that_is_fed_back_is_without_the_profile():
    model = drawn(make("recursive", normalise="last", **SEASONAL))
    plain = make("recursive", normalise="last", future_size=3)
    weights = model.state_dict()
    weight = weights.pop("season.weight")
    plain.load_state_dict(weights)
    context, future, angle = windows()
    seasonal, truth = profile(weight, angle), random(3, K, 2)
    rest = torch.cat([context[..., :2] - seasonal[:, :T], context[..., 2:]], dim=-1)
    found = model(context, future, truth, 1.0)
    expected = plain(rest, future, truth - seasonal[:, T:], 1.0)
    assert_close(found, expected + seasonal[:, T:])


def test_half_as_many_waves_as_steps_make_any_profile():
    values = np.random.default_rng(0).normal(size=24)
    values -= values.mean()
    angle = torch.arange(24).double() * (2 * torch.pi / 24)
    season = Seasonality(Row(1, future=2), {0: 12}).double()
    waves = season.waves(torch.stack([angle.sin(), angle.cos()], dim=-1)).numpy()
    weight = np.linalg.lstsq(waves, values, rcond=None)[0]
    np.testing.assert_allclose(waves @ weight, values, atol=1e-12)


def test_a_profile_begins_at_zero_and_learns_from_the_first_step():
    model = make(**SEASONAL)
    context, future, _ = windows()
    plain = make(future_size=3)
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if k != "season.weight"})
    assert torch.equal(model(context, future), plain(context, future))
    model(context, future).square().sum().backward()
    assert model.season.weight.grad.abs().min() > 0


def beside(angle, *, past, others):
    """What stands in a row beside two targets, with and without the cycle.

    With ``past`` a number and a category of the past; with ``others`` a category before the cycle
    and a number behind it; a constant category; flags of both targets and one of the others.
    """
    batch, steps = angle.shape
    generator = torch.Generator().manual_seed(2)
    numbers = torch.randn(batch, steps, 4, generator=generator).double()
    classes = torch.randint(3, (batch, steps, 3), generator=generator).double()
    flags = torch.randint(2, (batch, steps, 3), generator=generator).double()
    waves = torch.stack([angle.sin(), angle.cos()], dim=-1)
    front = [numbers[..., :3], classes[..., :1]] if past else [numbers[..., :2]]
    around = [classes[..., 1:2], numbers[..., 3:]] if others else [waves[..., :0]] * 2
    behind = [classes[:, :1, 2:].expand(-1, steps, -1), flags]
    return [
        (torch.cat([*front, known, *behind], dim=-1)[:, :T], known[:, T:])
        for cycle in (waves, waves[..., :0])
        for known in [torch.cat([around[0], cycle, around[1]], dim=-1)]
    ]


ALONE = [
    (decoder, channels, past, others)
    for decoder in ("direct", "recursive", "segment")
    for channels in ("joint", "independent")
    for past in (False, True)
    for others in (False, True)
    if not past or (decoder != "recursive" and channels == "joint")
]


@pytest.mark.parametrize(("decoder", "channels", "past", "others"), ALONE)
def test_a_cycle_that_the_profile_alone_knows_is_no_column_of_the_network(
    decoder, channels, past, others
):
    settings = {"channels": channels, "normalise": "mean_std", "skip": "linear", "flag_size": 3}
    settings |= {"past_size": 2 * past, "static_size": 1}
    first = 2 + 2 * past
    named = ({3: 2} if past else {}) | ({first: 2} if others else {})
    cycle = {"harmonics": {int(others): 2}, "harmonics_alone": True}
    (context, future), (read, read_future) = beside(
        angle := windows()[-1], past=past, others=others
    )
    places = [named | {first + known.shape[-1]: 2} for known in (future, read_future)]
    model = make(
        decoder, future_size=future.shape[-1], categories=places[0], **settings, **cycle
    ).eval()
    plain = make(
        decoder, future_size=read_future.shape[-1], categories=places[1], **settings
    ).eval()
    weights = drawn(model).state_dict()
    weight = weights.pop("season.weight")
    plain.load_state_dict(weights)
    seasonal, truth = profile(weight, angle), random(3, K, 2)
    rest = torch.cat([read[..., :2] - seasonal[:, :T], read[..., 2:]], dim=-1)
    assert_close(model(context, future), plain(rest, read_future) + seasonal[:, T:])
    assert_close(model.normalised(context), plain.normalised(rest))
    units, expected = model.window_units(context), plain.window_units(rest)
    assert_close(units.spread_of(truth), expected.spread_of(truth))
    if decoder == "recursive":
        found = model(context, future, truth, 1.0)
        expected = plain(rest, read_future, truth - seasonal[:, T:], 1.0)
        assert_close(found, expected + seasonal[:, T:])


def test_a_model_whose_profile_alone_knows_what_is_ahead_takes_no_single_rows():
    model = make("direct", future_size=2, harmonics={0: 2}, harmonics_alone=True)
    assert model.recurrent.weight_ih_l0.shape[1] == 2
    assert not hasattr(model.decoder, "known")
    with pytest.raises(ValueError, match="step: future_size needs whole windows"):
        model.step(windows()[0][:, 0, [0, 1, 3, 4]])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"harmonics": {0: 2}}, "expected places of sines among 0 future columns"),
        ({"harmonics": {1: 2}, "future_size": 2}, "each with its cosine behind it"),
        ({"harmonics": {0: 0}, "future_size": 2}, "at least 1 wave"),
        (
            {"harmonics": {0: 1}, "future_size": 2, "output": "negative_binomial",
             "normalise": "mean"},
            "output 'negative_binomial' excludes a profile",
        ),
        (
            {"harmonics": {0: 1}, "future_size": 3, "harmonics_alone": True, "categories": {2: 4}},
            r"categories: {2: 4}; expected other places than \[1, 2\], which",
        ),
    ],
)  # fmt: skip
def test_what_has_no_profile_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Forecaster(hidden=4, **settings)
