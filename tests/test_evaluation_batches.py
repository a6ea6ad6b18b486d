"""Evaluation: without gradients, in batches as large as a bounded memory allows."""

import numpy as np
import pytest
import torch

from grucli.columns import Columns
from grucli.data import Scaler, Table, build_panel, build_tensors, in_float64, whole_span
from grucli.data.timestamps import TimeStyle
from grucli.nn import Forecaster
from grucli.recipe import ForecastRecipe
from grucli.tasks import batches
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.forecast import ridge as ridge_module
from grucli.tasks.forecast.ridge import Features, NormalEquations, fit_ridge
from grucli.tasks.forecast.samples import Windows, build_windows
from grucli.tasks.forecast.score import model_predictor


def windows_of(count, *, context, columns, targets=1, horizon=2):
    rows = torch.randn(count + context + horizon - 1, columns).double().numpy()
    names = tuple(f"c{place}" for place in range(columns))
    times = np.arange(len(rows))
    table = Table("f", "t", times, names, rows, TimeStyle(integer=True))
    panel = build_panel(table, Columns(names[:targets], past=names[targets:]))
    scaler = Scaler("none", names, np.zeros(columns), np.ones(columns))
    data = build_tensors(panel, scaler, torch.device("cpu"))
    task = ForecastRecipe(context=context, horizon=horizon)
    return build_windows(data, whole_span(panel), task)


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"hidden": 8}, 8),
        ({"hidden": 8, "bidirectional": True}, 16),
        ({"hidden": 8, "target_size": 5, "past_size": 6}, 11),
        ({"hidden": 8, "target_size": 5, "channels": "independent"}, 40),
    ],
)
def test_a_model_is_as_wide_as_its_columns_or_a_layers_outputs(settings, width):
    assert Forecaster(**settings).width == width


def test_batches_are_as_large_as_the_bound_allows_and_hold_every_window(monkeypatch):
    monkeypatch.setattr(batches, "EVALUATION_CELLS", 1000)
    windows = windows_of(25, context=10, columns=1)
    found = list(evaluation_batches(windows, width=9))
    assert [len(rows) for rows in found] == [11, 11, 3]
    assert torch.equal(torch.cat(found), torch.arange(25))


def test_a_context_beyond_the_bound_is_a_batch_of_its_own(monkeypatch):
    monkeypatch.setattr(batches, "EVALUATION_CELLS", 1000)
    found = evaluation_batches(windows_of(3, context=500, columns=1), width=64)
    assert [len(rows) for rows in found] == [1, 1, 1]


def test_forecasts_carry_no_gradient_and_no_dropout():
    model = Forecaster(hidden=4, dropout=0.5).train()
    forecast, again = (model_predictor(model)(torch.ones(2, 5, 1), None).point for _ in range(2))
    assert forecast.is_inference()
    assert torch.equal(forecast, again)


def test_ridge_reads_long_contexts_a_few_at_a_time_with_the_same_result(monkeypatch):
    torch.manual_seed(0)
    train, valid = (windows_of(n, context=40, columns=2, targets=2) for n in (90, 30))
    whole = fit_ridge(train, valid)
    read = []
    gather = Windows.gather
    monkeypatch.setattr(
        Windows, "gather", lambda self, rows: read.append(len(rows)) or gather(self, rows)
    )
    monkeypatch.setattr(ridge_module, "RIDGE_CELLS", 7 * 80)
    pieces = fit_ridge(train, valid)
    assert max(read) == 7
    torch.testing.assert_close(pieces.coefficients, whole.coefficients)


@pytest.mark.parametrize("threads", [1, 2])
def test_ridge_solves_long_contexts_of_several_columns_with_any_number_of_threads(threads):
    """As one batch on two threads, 160 unknowns make torch fail or give wrong numbers."""
    torch.manual_seed(0)
    train, valid = (windows_of(n, context=160, columns=3, targets=3) for n in (400, 60))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        ridge = fit_ridge(train, valid)
    finally:
        torch.set_num_threads(before)
    batch = train.gather(torch.arange(400))
    last = batch.context[:, -1:].double()
    for column in range(3):
        own = (batch.context.double() - last)[..., column]
        x = torch.cat([own, torch.ones(400, 1)], dim=1).numpy()
        y = (batch.target.double() - last)[..., column].numpy()
        expected = [
            np.linalg.solve(x.T @ x + penalty * np.eye(161), x.T @ y)
            for penalty in ridge_module.RIDGE_PENALTIES
        ]
        fitted = ridge.coefficients[column].numpy()
        assert min(np.abs(fitted - solution).max() for solution in expected) < 1e-7


def windows_with_gaps(missing):
    """Four targets and a past column; two targets have gaps, one of them many."""
    rows = np.random.default_rng(4).normal(size=(260, 5)).cumsum(axis=0)
    rows[np.random.default_rng(5).random(260) < 0.02, 1] = np.nan
    rows[np.random.default_rng(6).random(260) < 0.3, 2] = np.nan
    rows[0] = 0.0
    names = ("a", "b", "c", "d", "e")
    table = Table("f", "t", np.arange(260), names, rows, TimeStyle(integer=True))
    panel = build_panel(table, Columns(names[:4], past=names[4:]), missing=missing)
    scaler = Scaler("none", names, np.zeros(5), np.ones(5))
    data = in_float64(build_tensors(panel, scaler, torch.device("cpu")), scaler)
    return build_windows(data, whole_span(panel), ForecastRecipe(context=6, horizon=3))


@pytest.mark.parametrize("missing", ["forward", "linear"])
def test_targets_that_share_a_matrix_have_the_coefficients_of_a_fit_of_their_own(missing):
    windows = windows_with_gaps(missing)
    batch = windows.gather(torch.arange(len(windows)))
    last = batch.context[:, -1:, :4]
    own = torch.cat([batch.context[..., :4] - last, batch.context[..., 4:]], dim=2)
    x = np.hstack([own.mT.flatten(1).numpy(), np.ones((len(windows), 1))])
    y = (batch.target - last).numpy()
    equations = NormalEquations(windows, Features.of_all(windows))
    assert sorted(equations.lacking) == [1, 2]
    found = equations.solved(0.1)
    for target in range(4):
        seen = batch.weight[..., target].all(dim=1).numpy()
        gram = x[seen].T @ x[seen] + 0.1 * np.eye(31)
        expected = np.linalg.solve(gram, x[seen].T @ y[seen][..., target])
        np.testing.assert_allclose(found[target].numpy(), expected, rtol=1e-9, atol=1e-11)
    ridge = ridge_module.Ridge(found, Features.of_all(windows))
    forecast = np.einsum("bf,cfk->bkc", x, found.numpy()) + last.numpy()
    np.testing.assert_allclose(ridge(batch.context, None).numpy(), forecast, rtol=1e-9, atol=1e-11)
