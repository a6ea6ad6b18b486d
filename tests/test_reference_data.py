"""Public protocols on public data; GRUCLI_REFERENCE_DATA names the folder that holds the files."""

import os
from pathlib import Path

import numpy as np
import pytest

from grucli import predict, train
from grucli.recipe import load_recipe, recipe_from_mapping
from grucli.runs.initiating import init
from grucli.runs.tables import read_panel
from grucli.tasks.forecast.baselines import Setting, baseline_predictors
from grucli.tasks.forecast.dataset import build_dataset
from grucli.tasks.forecast.score import error_sums
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
    baselines = baseline_predictors(Setting(dataset.test, 24, None))
    sums = error_sums(baselines, dataset.test, dataset.scaler, np.ones(7), width=1)
    assert len(dataset.test) == windows
    found = sums["naive"].read()
    assert found.scaled_mse == pytest.approx(naive_mse, abs=5e-4)
    assert found.scaled_mae == pytest.approx(naive_mae, abs=5e-4)


M4 = {
    "name": "m4",
    "data": {
        "path": "-",
        "time": "ds",
        "series": "unique_id",
        "target": "y",
        "scale_by": "series",
        "split": {"valid": 13, "test": 13},
    },
    "task": {"context": 52, "horizon": 13},
}


def test_the_naive_forecast_of_m4_weekly_is_as_bad_as_published():
    later = (Path(FOLDER) / "m4_weekly_test.csv").read_bytes().partition(b"\n")[2]
    both = (Path(FOLDER) / "m4_weekly_train.csv").read_bytes() + later
    recipe = recipe_from_mapping(M4)
    panel = read_panel(recipe.data, both)
    dataset = build_dataset(recipe, panel, device="cpu")
    setting = Setting(dataset.test, season=None, fit_on=None)
    baselines = {"naive": baseline_predictors(setting)["naive"]}
    sums = error_sums(baselines, dataset.test, dataset.scaler, np.ones(1), width=1)
    assert (panel.series, len(panel.values), len(dataset.test)) == (359, 366912 + 4667, 359)
    assert sums["naive"].read().smape == pytest.approx(9.161, abs=5e-4)


@pytest.mark.slow
def test_basic_motions_are_told_apart(tmp_path):
    tables = [str(Path(FOLDER) / f"basic_motions_{part}.csv") for part in ("train", "test")]
    finished = train(
        REPOSITORY / "recipes" / "basic_motions.yaml",
        [f"data.path={tables[0]}", f"data.split.test={tables[1]}"],
        run_dir=tmp_path,
    )
    assert finished.scores.model.accuracy >= 0.975
    assert finished.scores.baselines["ridge"].accuracy == 0.95
    labels = predict(finished.best_path, tables[1])
    assert labels.classes == ("Badminton", "Running", "Standing", "Walking")
    assert len(labels.labels) == 40


TABLES = {
    "ETTh1": ("forecast", ("OT",), ()),
    "basic_motions_train": ("classify", (), ("case",)),
    "beijing_pm25": ("forecast", ("pm2.5",), ()),
    "japanese_vowels_test": ("classify", (), ("case",)),
    "m4_weekly_test": ("forecast", ("y",), ("unique_id",)),
    "m4_weekly_train": ("forecast", ("y",), ("unique_id",)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "known"), TABLES.items())
def test_init_writes_a_recipe_for_every_table(name, known, tmp_path):
    (tmp_path / "recipe.yaml").write_text(init(str(Path(FOLDER) / f"{name}.csv")).recipe)
    recipe = load_recipe(tmp_path / "recipe.yaml")
    assert (recipe.task.kind, recipe.data.target, recipe.data.series) == known
