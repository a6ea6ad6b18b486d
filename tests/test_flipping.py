"""Windows turned over in training, against signs changed by hand."""

import numpy as np
import pytest
import torch

from grucli.errors import RecipeError
from grucli.nn import Forecaster
from grucli.recipe import TrainRecipe, load_recipe
from grucli.tasks.forecast.flipping import flipped
from grucli.tasks.forecast.objective import ForecastObjective
from grucli.tasks.forecast.samples import Batch
from tests.test_evaluation_batches import windows_of

WINDOWS, CONTEXT, HORIZON = 40, 9, 4


def model_of(normalise="last", harmonics=None):
    """Two targets, a past column, and a cycle of 24 steps known in advance."""
    torch.manual_seed(0)
    model = Forecaster(
        hidden=3,
        horizon=HORIZON,
        target_size=2,
        past_size=1,
        future_size=2,
        normalise=normalise,
        harmonics=harmonics or {},
    )
    if harmonics:
        torch.nn.init.normal_(model.season.weight)
    return model


def batch_of():
    angles = torch.arange(CONTEXT + HORIZON) * (2 * np.pi / 24) + torch.rand(WINDOWS, 1)
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1)
    measured, target = torch.randn(WINDOWS, CONTEXT, 3).cumsum(1), torch.randn(WINDOWS, HORIZON, 2)
    context = torch.cat([measured, waves[:, :CONTEXT]], dim=-1)
    return Batch(context, target, None, waves[:, CONTEXT:])


@pytest.mark.parametrize("harmonics", [None, {0: 3}])
@pytest.mark.parametrize("normalise", ["last", "last_scaled", "mean_std"])
def test_a_window_turned_over_has_the_other_sign_beside_its_profile(normalise, harmonics):
    model, batch = model_of(normalise, harmonics), batch_of()
    over = flipped(batch, model.season, 1.0)
    before, after = model.normalised(batch.context), model.normalised(over.context)
    torch.testing.assert_close(after[..., :3], -before[..., :3], atol=1e-5, rtol=1e-5)
    assert torch.equal(after[..., 3:], before[..., 3:])
    profile = model.season.of(batch.future) if harmonics else 0.0
    asked, wanted = (
        model.window_units(one.context).apply(one.target - profile) for one in (batch, over)
    )
    torch.testing.assert_close(wanted, -asked, atol=1e-4, rtol=1e-5)
    assert over.future is batch.future


def test_each_window_is_turned_over_by_chance_and_as_a_whole():
    model, batch = model_of(), batch_of()
    over = flipped(batch, model.season, 0.5)
    same = (over.context == batch.context).flatten(1).all(dim=1)
    assert torch.equal(same, (over.target == batch.target).flatten(1).all(dim=1))
    assert 10 < int(same.sum()) < 30


def test_validation_turns_nothing_over_and_training_does():
    torch.manual_seed(0)
    windows = windows_of(20, context=CONTEXT, columns=1)
    model = Forecaster(hidden=3, horizon=2, normalise="last")
    plain, over = (
        ForecastObjective(model, TrainRecipe(flip=chance), windows, windows)
        for chance in (0.0, 1.0)
    )
    assert list(plain.validation()) == list(over.validation())
    with torch.no_grad():
        losses = [float(one.loss(torch.arange(20), epoch=1)[0]) for one in (plain, over)]
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)


def test_columns_known_in_advance_are_refused_beside_it(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: r\n"
        "data: {path: d.csv, time: t, target: y, future: [price]}\n"
        "task: {context: 8, horizon: 2, normalise: last}\n"
        "train: {flip: 0.5}\n"
    )
    with pytest.raises(RecipeError, match=r"train\.flip: found 0\.5 with data\.future columns"):
        load_recipe(path)
