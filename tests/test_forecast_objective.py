"""What a forecaster learns to make smaller, in scaled units and in those of each window."""

import numpy as np
import pytest
import torch

from grucli.nn import Forecaster
from grucli.recipe import TrainRecipe
from grucli.tasks.forecast.objective import ForecastObjective
from tests.test_evaluation_batches import windows_of

CONTEXT = 8


def objective_of(normalise, channels="joint", **train):
    torch.manual_seed(0)
    windows = windows_of(20, context=CONTEXT, columns=3, targets=2)
    past = 1 if channels == "joint" else 0
    if not past:
        windows = windows_of(20, context=CONTEXT, columns=2, targets=2)
    model = Forecaster(
        hidden=5,
        horizon=2,
        target_size=2,
        past_size=past,
        normalise=normalise,
        channels=channels,
    )
    return ForecastObjective(model, TrainRecipe(**train), windows, windows)


def spread_of(normalise, context):
    """The spread of one window's targets, [2]."""
    if normalise == "mean_std":
        return context[:, :2].std(axis=0)
    return np.abs(np.diff(context[:, :2], axis=0)).mean(axis=0)


@pytest.mark.parametrize("normalise", ["last_scaled", "mean_std"])
@pytest.mark.parametrize("channels", ["joint", "independent"])
@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_errors_in_units_of_the_window_are_divided_by_its_spread(normalise, channels, loss):
    objective = objective_of(normalise, channels, loss=loss, loss_units="window")
    objective.model.eval()
    index = torch.arange(20)
    with torch.no_grad():
        found, count = objective.loss(objective.gather(index), epoch=1)
    batch = objective.train.gather(index)
    forecast, expected = objective.model(batch.context).detach().numpy(), []
    for window in range(20):
        spread = spread_of(normalise, batch.context[window].numpy())
        error = (forecast[window] - batch.target[window].numpy()) / spread
        expected.append(error**2 if loss == "mse" else np.abs(error))
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-5)
    assert count == 20 * 2 * 2
    (valid,) = [loss for loss, _ in objective.validation()]
    assert valid == pytest.approx(float(found), rel=1e-6)


def test_without_a_choice_errors_are_in_scaled_units():
    objective = objective_of("mean_std")
    objective.model.eval()
    batch = objective.train.gather(torch.arange(20))
    error = (objective.model(batch.context) - batch.target).detach()
    with torch.no_grad():
        found, _ = objective.loss(batch, epoch=1)
    assert float(found) == pytest.approx(float(error.square().mean()), rel=1e-6)
