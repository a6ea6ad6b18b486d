"""Metrics against their definitions written out."""

import numpy as np
import pytest
import torch

from grucli.tasks.forecast.sums import ErrorSums, naive_in_sample_mae

WINDOWS, HORIZON, COLUMNS = 7, 3, 2


@pytest.fixture
def sample():
    generator = np.random.default_rng(0)
    truth = generator.normal(5.0, 2.0, (WINDOWS, HORIZON, COLUMNS))
    forecast = truth + generator.normal(0.0, 1.0, truth.shape)
    measured = generator.random(truth.shape) > 0.2
    return forecast, truth, measured


def sums_of(forecast, truth, measured, batches=1):
    sums = ErrorSums(
        HORIZON,
        spread=np.array([2.0, 4.0]),
        offset=np.array([5.0, 5.0]),
        naive_mae=np.array([0.5, 0.25]),
    )
    for rows in np.array_split(np.arange(len(truth)), batches):
        sums.add(*(torch.from_numpy(array[rows]) for array in (forecast, truth, measured)))
    return sums


def test_each_metric_is_its_definition_over_measured_values(sample):
    forecast, truth, measured = sample
    found = sums_of(*sample).read()
    f, y = forecast[measured], truth[measured]
    assert found.mse == pytest.approx(np.mean((f - y) ** 2))
    assert found.rmse == pytest.approx(np.sqrt(np.mean((f - y) ** 2)))
    assert found.mae == pytest.approx(np.mean(np.abs(f - y)))
    assert found.mape == pytest.approx(100 * np.mean(np.abs(f - y) / np.abs(y)))
    assert found.smape == pytest.approx(200 * np.mean(np.abs(f - y) / (np.abs(f) + np.abs(y))))
    by_column = [
        (forecast[..., c][measured[..., c]], truth[..., c][measured[..., c]]) for c in (0, 1)
    ]
    r2 = [1 - np.sum((f - y) ** 2) / np.sum((y - y.mean()) ** 2) for f, y in by_column]
    mase = [np.mean(np.abs(f - y)) / s for (f, y), s in zip(by_column, (0.5, 0.25), strict=True)]
    assert found.r2 == pytest.approx(np.mean(r2))
    assert found.mase == pytest.approx(np.mean(mase))
    scaled = ((forecast - truth) / np.array([2.0, 4.0]))[measured]
    assert found.scaled_mse == pytest.approx(np.mean(scaled**2))
    assert found.scaled_mae == pytest.approx(np.mean(np.abs(scaled)))


def test_the_batches_do_not_matter(sample):
    whole, pieces = sums_of(*sample).read(), sums_of(*sample, batches=4).read()
    assert pieces.rmse == pytest.approx(whole.rmse, rel=1e-12)
    assert pieces.r2 == pytest.approx(whole.r2, rel=1e-12)


def test_steps_and_columns_read_their_own_cells(sample):
    forecast, truth, measured = sample
    sums = sums_of(*sample)
    step = measured[:, 1, :]
    assert sums.read(step=1).mae == pytest.approx(
        np.abs(forecast[:, 1, :] - truth[:, 1, :])[step].mean()
    )
    column = measured[:, :, 1]
    assert sums.read(column=1).mse == pytest.approx(
        ((forecast[:, :, 1] - truth[:, :, 1])[column] ** 2).mean()
    )


def test_unmeasured_truth_may_be_anything(sample):
    forecast, truth, measured = sample
    spoiled = np.where(measured, truth, np.nan)
    assert sums_of(forecast, spoiled, measured).read() == sums_of(*sample).read()


def test_a_zero_in_the_truth_leaves_mape_undefined(sample):
    forecast, truth, _ = sample
    truth[0, 0, 0] = 0.0
    everywhere = np.ones_like(truth, dtype=bool)
    found = sums_of(forecast, truth, everywhere).read()
    assert found.mape is None
    assert found.smape is not None


def test_constant_truth_leaves_r2_undefined(sample):
    forecast, truth, _ = sample
    assert (
        sums_of(forecast, np.full_like(truth, 4.2), np.ones_like(truth, dtype=bool)).read().r2
        is None
    )


@pytest.mark.parametrize(("season", "lag"), [(None, 1), (4, 4)])
def test_in_sample_error_is_that_of_the_seasonal_naive_forecast(season, lag):
    values = np.random.default_rng(1).normal(size=(40, 2))
    measured = np.random.default_rng(2).random((40, 2)) > 0.1
    expected = [
        np.mean(
            [
                abs(values[t, c] - values[t - lag, c])
                for t in range(lag, 40)
                if measured[t, c] and measured[t - lag, c]
            ]
        )
        for c in (0, 1)
    ]
    assert naive_in_sample_mae([(values, measured)], 2, season) == pytest.approx(np.array(expected))


def test_what_is_said_of_unmeasured_truth_counts_for_nothing(sample):
    forecast, truth, measured = (torch.from_numpy(array) for array in sample)
    found = []
    for beyond in (0.0, 7.0, torch.nan):
        losses = torch.where(measured, (forecast - truth).abs(), beyond)
        sums = ErrorSums(HORIZON, np.ones(COLUMNS), np.zeros(COLUMNS), np.ones(COLUMNS))
        chances = {"pinball": losses / 3, "crps": losses}
        sums.add(forecast, truth, measured, own_error=2 * (forecast - truth), chances=chances)
        found.append(sums.read())
    assert found[0] == found[1] == found[2]
    error = (forecast - truth)[measured].abs()
    assert found[0].crps == pytest.approx(float(error.mean()))
    assert found[0].pinball == pytest.approx(float(error.mean()) / 3)
    assert found[0].scaled_mae == pytest.approx(2 * float(error.mean()))


def test_a_forecast_of_one_number_has_the_pinball_loss_of_every_quantile(sample):
    forecast, truth, measured = sample
    losses = [
        np.where(truth > forecast, level * (truth - forecast), (1 - level) * (forecast - truth))
        for level in np.arange(1, 10) / 10
    ]
    found = sums_of(*sample).read()
    assert found.pinball == pytest.approx(np.mean(losses, axis=0)[measured].mean())
    assert found.crps == pytest.approx(found.mae)
