"""Public protocols on public data; GRUCLI_REFERENCE_DATA names the folder that holds the files."""

import os
from pathlib import Path

import numpy as np
import pytest

from grucli.recipe import load_recipe
from grucli.runs.tables import read_panel
from grucli.tasks.forecast.samples import build_dataset
from grucli.tasks.forecast.score import baseline_predictors, error_sums
from tests.conftest import REPOSITORY

FOLDER = os.environ.get("GRUCLI_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="GRUCLI_REFERENCE_DATA is not set")


@pytest.mark.parametrize(
    ("horizon", "windows", "naive_mse", "naive_mae"),
    [(96, 2785, 1.294, 0.713), (192, 2689, 1.325, 0.733), (336, 2545, 1.330, 0.746)],
)
def test_etth1_is_cut_and_scaled_as_published(horizon, windows, naive_mse, naive_mae):
    recipe = load_recipe(
        str(REPOSITORY / "recipes" / "etth1.yaml"),
        [f"data.path={Path(FOLDER) / 'ETTh1.csv'}", f"task.horizon={horizon}"],
    )
    panel = read_panel(recipe.data)
    dataset = build_dataset(recipe, panel, device="cpu")
    baselines = baseline_predictors(dataset.test, season=24, fit_on=None)
    sums = error_sums(baselines, dataset.test, dataset.scaler, np.ones(7), width=1)
    assert len(dataset.test) == windows
    found = sums["naive"].read()
    assert found.scaled_mse == pytest.approx(naive_mse, abs=5e-4)
    assert found.scaled_mae == pytest.approx(naive_mae, abs=5e-4)
