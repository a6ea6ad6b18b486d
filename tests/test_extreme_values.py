"""Large levels, huge values and what is no number: right figures, or plain words."""

import numpy as np
import pytest

from grucli import evaluate, predict, train
from grucli.errors import DataError
from tests.conftest import grucli


def write(folder, levels, name="wave.csv"):
    """A daily table of levels; its path."""
    days = np.datetime64("2024-01-01") + np.arange(len(levels))
    numbers = np.asarray(levels).tolist()
    rows = [f"{day},{level!r}" for day, level in zip(days, numbers, strict=True)]
    (folder / name).write_text("\n".join(["day,level", *rows]) + "\n")
    return folder / name


def levels_of(path):
    return np.array([float(line.split(",")[1]) for line in path.read_text().splitlines()[1:]])


def run_of(folder, *settings):
    return train(folder / "wave.yaml", ["train.epochs=1", *settings], run_dir=folder / "run")


# --- float64 for what is computed without a network -------------------------------------------
LEVEL = 2e9 + np.random.default_rng(0).normal(0, 15, 400)


@pytest.fixture
def high(folder):
    """A run on a level of 2e9 that is not scaled."""
    write(folder, LEVEL)
    return run_of(folder, "data.scale=none", "task.normalise=last", "task.season=7").best_path


def naive_errors(back):
    """Errors over the test span of repeating the value so many steps before the first step."""
    starts = np.arange(320, 400 - 3 + 1)
    steps = np.arange(3)
    return LEVEL[starts[:, None] + steps] - LEVEL[starts[:, None] + back(steps)]


def test_baselines_are_exact_at_a_high_level(high):
    baselines = evaluate(high).baselines
    naive = naive_errors(lambda steps: -1 + 0 * steps)
    seasonal = naive_errors(lambda steps: steps - 7)
    assert baselines["naive"].rmse == pytest.approx(np.sqrt(np.mean(naive**2)), rel=1e-9)
    assert baselines["seasonal_naive"].rmse == pytest.approx(np.sqrt(np.mean(seasonal**2)), 1e-9)
    assert baselines["naive"].mase == pytest.approx(baselines["naive"].mae / 17, rel=0.2)
    assert baselines["ridge"].rmse == pytest.approx(15, rel=0.15)


def test_ridge_at_a_high_level_is_that_of_the_level_taken_off(folder, high):
    write(folder, LEVEL - 2e9)
    settings = ["train.epochs=1", "data.scale=none", "task.normalise=last", "task.season=7"]
    low = train(folder / "wave.yaml", settings, run_dir=folder / "low").best_path
    ridge = evaluate(low).baselines["ridge"].rmse
    write(folder, LEVEL)
    assert evaluate(high).baselines["ridge"].rmse == pytest.approx(ridge, rel=1e-6)


@pytest.mark.parametrize("verb", ["eval", "predict"])
def test_a_column_that_float32_is_too_coarse_for_is_named(high, verb):
    said = grucli(verb, high).stderr
    assert "note: column 'level': the model reads numbers 128 apart around 2e+09 (float32)" in said
    assert "more than the typical change of 1" in said
    assert "or set data.scale: standard" in said


def test_a_scaled_column_is_fine_enough(folder):
    write(folder, LEVEL)
    assert predict(run_of(folder).best_path).notes == ()


# --- what is no number ------------------------------------------------------------------------
def with_burst(folder, row, value):
    levels = levels_of(folder / "wave.csv")
    levels[row] = value
    return str(write(folder, levels, "burst.csv"))


@pytest.mark.parametrize("verb", ["predict", "eval"])
def test_a_forecast_that_is_not_finite_is_refused_with_the_row(folder, verb):
    best = run_of(folder, "task.normalise=mean_std").best_path
    done = grucli(verb, best, with_burst(folder, -4, 1e30))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "column 'level': 1e+30 at 2024-06-05; the forecast after 2024-06-0" in done.stderr
    assert "is not finite; expected values like those that the model was trained on" in done.stderr


@pytest.mark.parametrize("sign", [1, -1])
def test_values_whose_squares_are_no_numbers_are_refused_in_plain_words(folder, sign):
    levels = levels_of(folder / "wave.csv")
    write(folder, sign * 1e299 * levels)
    with pytest.raises(DataError) as refused:
        run_of(folder)
    assert "column 'level': " in str(refused.value)
    assert "expected values of at most 1e+150, whose squares can be" in str(refused.value)


def test_large_values_whose_squares_are_numbers_are_judged(folder):
    levels = levels_of(folder / "wave.csv")
    write(folder, 1e140 * levels)
    scores = evaluate(run_of(folder).best_path)
    assert np.isfinite([scores.model.rmse, scores.model.r2, scores.model.scaled_mse]).all()


def test_denormal_values_are_not_called_constant(folder):
    write(folder, 1e-310 * np.random.default_rng(0).random(200))
    with pytest.raises(DataError, match="too small to compute with; multiply the column"):
        run_of(folder)
