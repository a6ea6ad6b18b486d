"""A checkpoint keeps its ridge regression, so that eval does not fit it again."""

from dataclasses import replace

import numpy as np
import pytest

import grucli
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.errors import CheckpointError
from grucli.tasks.forecast import ridge_kept
from tests.conftest import RECIPE, write_wave

LEADING = RECIPE.replace("target: level", "target: level\n  past: [ahead, place]")


@pytest.fixture(scope="module")
def leading(tmp_path_factory):
    """A run with a column of numbers that knows tomorrow's level, and one of texts."""
    folder = tmp_path_factory.mktemp("leading")
    lines = write_wave(folder / "wave.csv").read_text().splitlines()[1:]
    levels = [line.split(",")[1] for line in lines]
    rows = [
        f"{line},{ahead},{'ab'[n % 2]}"
        for n, (line, ahead) in enumerate(zip(lines, [*levels[1:], levels[0]], strict=True))
    ]
    (folder / "wave.csv").write_text("\n".join(["day,level,ahead,place", *rows]) + "\n")
    (folder / "wave.yaml").write_text(LEADING.replace("epochs: 3", "epochs: 1"))
    grucli.train(folder / "wave.yaml", run_dir=folder / "run")
    return folder


@pytest.fixture(params=["trained", "leading"])
def best(request):
    """The checkpoint of a run on one column, and of one on several."""
    return request.getfixturevalue(request.param) / "run" / "best.pt"


def without_ridge(best, path):
    """The same checkpoint as an older grucli wrote it."""
    saved = load_checkpoint(best)
    rest = {name: part for name, part in saved.calibration.items() if name != "ridge"}
    save_checkpoint(replace(saved, calibration=rest), path)
    return path


def test_the_kept_fit_scores_like_one_made_again_and_nothing_is_fitted(best, tmp_path, monkeypatch):
    older = grucli.evaluate(without_ridge(best, tmp_path / "older.pt"))

    def fit(*_):
        raise AssertionError("fitted")

    monkeypatch.setattr(ridge_kept, "fit_ridge", fit)
    assert grucli.evaluate(best).baselines["ridge"] == older.baselines["ridge"]
    assert grucli.evaluate(best, split="valid").baselines["ridge"].mse > 0
    with pytest.raises(AssertionError, match="fitted"):
        grucli.evaluate(tmp_path / "older.pt")


def test_what_leads_is_kept_with_all_columns_and_texts(leading):
    kept = load_checkpoint(leading / "run" / "best.pt").calibration["ridge"]
    assert (kept["joint"], kept["texts"]) == (True, {"place": 2})


def test_another_table_gets_a_fit_of_its_own(trained, tmp_path):
    lines = (trained / "wave.csv").read_text().splitlines()
    lines[5] = lines[5].split(",")[0] + ",11.5"
    (tmp_path / "other.csv").write_text("\n".join(lines) + "\n")
    best, other = trained / "run" / "best.pt", tmp_path / "other.csv"
    scores = [
        grucli.evaluate(path, other).baselines["ridge"]
        for path in (best, without_ridge(best, tmp_path / "older.pt"))
    ]
    assert scores[0] == scores[1] != grucli.evaluate(best).baselines["ridge"]


def test_training_fits_once(folder, monkeypatch):
    fits = []
    fit = ridge_kept.fit_ridge
    monkeypatch.setattr(ridge_kept, "fit_ridge", lambda *on: fits.append(on) or fit(*on))
    grucli.train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    assert len(fits) == 1


def test_a_fit_that_is_too_large_is_not_kept(folder, monkeypatch):
    monkeypatch.setattr(ridge_kept, "MOST_BYTES", 8 * 3)
    grucli.train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    assert "ridge" not in load_checkpoint(folder / "run" / "best.pt").calibration
    assert "ridge" in grucli.evaluate(folder / "run").baselines


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"coefficients": np.zeros((1, 3, 3))}, "expected finite coefficients of shape"),
        ({"lags": -1}, "lags"),
        ({"coefficients": "none"}, "coefficients"),
    ],
)
def test_a_fit_that_was_changed_is_refused(trained, tmp_path, change, said):
    saved = load_checkpoint(trained / "run" / "best.pt")
    ridge = saved.calibration["ridge"] | change
    save_checkpoint(
        replace(saved, calibration={**saved.calibration, "ridge": ridge}), tmp_path / "changed.pt"
    )
    with pytest.raises(CheckpointError, match=said):
        grucli.evaluate(tmp_path / "changed.pt")
