"""Scores against the numbers in the table itself, and what cannot be scored."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from grucli import evaluate, train
from grucli.errors import DataError, TrainingError
from tests.conftest import grucli


def rewrite(folder, change):
    """Pass the levels of wave.csv through ``change`` (array to list of cell texts)."""
    rows = list(csv.reader(io.StringIO((folder / "wave.csv").read_text())))[1:]
    levels = change(np.array([float(row[1]) for row in rows]))
    lines = [f"{row[0]},{level}" for row, level in zip(rows, levels, strict=True)]
    (folder / "wave.csv").write_text("\n".join(["day,level", *lines]) + "\n")


def scores_of(folder, *overrides):
    overrides = ["train.epochs=1", *overrides]
    return evaluate(train(folder / "wave.yaml", overrides, run_dir=folder / "run").best_path)


def test_a_zero_in_the_table_leaves_mape_undefined(folder):
    rewrite(folder, lambda level: np.where(np.arange(len(level)) % 5 == 0, 0.0, level))
    assert scores_of(folder).model.mape is None


def test_naive_errors_are_those_of_the_table(folder):
    rows = list(csv.reader(io.StringIO((folder / "wave.csv").read_text())))[1:]
    level = np.array([float(row[1]) for row in rows])
    starts = np.arange(128, 160 - 3 + 1)
    error = level[starts[:, None] + np.arange(3)] - level[starts - 1][:, None]
    naive = scores_of(folder).baselines["naive"]
    assert naive.rmse == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
    assert naive.mae == pytest.approx(np.mean(np.abs(error)), rel=1e-6)


OVERLAP = (
    "the model learned from times up to 2024-04-05, and is judged here on rows from {}: of the "
    "same series the scores are better than those of new rows"
)


def test_a_table_that_overlaps_the_training_span_is_told_of(trained, tmp_path):
    best, rows = trained / "run" / "best.pt", (trained / "wave.csv").read_text().split()
    (tmp_path / "short.csv").write_text("\n".join(rows[:111]))
    whole = str(trained / "wave.csv")
    assert evaluate(best, whole, split="all").notes == (OVERLAP.format("2024-01-01"),)
    assert evaluate(best, str(tmp_path / "short.csv")).notes == (OVERLAP.format("2024-03-29"),)
    for judged in (evaluate(best, whole), evaluate(best), evaluate(best, whole, split="valid")):
        assert judged.notes == ()


def test_a_validation_span_without_a_measured_value_is_refused(folder):
    def blank(level):
        cells = [repr(float(value)) for value in level]
        return [*cells[:96], *[""] * 32, *cells[128:]]

    rewrite(folder, blank)
    with pytest.raises(DataError, match="validation span holds no measured value"):
        scores_of(folder, "data.missing=mask")


def test_a_validation_loss_that_is_not_finite_ends_the_run(folder):
    def burst(level):
        level[100] = 1e30
        return [repr(float(value)) for value in level]

    rewrite(folder, burst)
    with pytest.raises((TrainingError, DataError)):
        scores_of(folder, "task.normalise=none")


def test_a_column_without_a_measured_value_has_no_errors(folder):
    rows = (folder / "wave.csv").read_text().splitlines()
    lines = ["day,level,other"]
    for place, row in enumerate(rows[1:]):
        level = row.split(",")[1]
        lines.append(f"{row},{level if place < 128 else ''}")
    (folder / "wave.csv").write_text("\n".join(lines) + "\n")
    overrides = ["train.epochs=1", "data.target=[level, other]", "data.missing=forward"]
    train(folder / "wave.yaml", overrides, run_dir=folder / "run")
    done = grucli("eval", folder / "run" / "best.pt", "--by", "column", "--json")
    by_column = json.loads(done.stdout)["by_column"]
    assert by_column["level"]["rmse"] > 0
    assert by_column["other"]["rmse"] is None
    assert grucli("eval", folder / "run" / "best.pt", "--by", "column").returncode == 0


@pytest.mark.parametrize("verb", [["eval"], ["inspect-weights"]])
def test_a_closed_output_is_an_error_in_every_verb(trained, verb):
    command = f"{sys.executable} -m grucli {verb[0]} {trained}/run/best.pt >&-"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "standard output is closed" in done.stderr
