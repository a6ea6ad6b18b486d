"""A rolling origin: windows of rows that no model has seen, beside the baselines."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli import evaluate
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.cli.app import run
from grucli.errors import DataError, UsageError
from grucli.results import BacktestWindow
from grucli.runs.backtesting import backtest
from grucli.runs.opened import open_table

FAST = ["train.epochs=1"]


def level(folder):
    """The table's only column."""
    rows = (folder / "wave.csv").read_text().splitlines()[1:]
    return np.array([float(row.split(",")[1]) for row in rows])


def test_windows_end_at_the_end_of_the_table_and_stand_apart(trained):
    found = backtest(str(trained / "run"), windows=3, step=5)
    assert [(w.first, w.last) for w in found.windows] == [
        ("2024-05-27", "2024-05-29"),
        ("2024-06-01", "2024-06-03"),
        ("2024-06-06", "2024-06-08"),
    ]
    assert (found.horizon_steps, found.step_steps, found.is_refitted) == (3, 5, False)


def test_scores_are_those_of_the_window(trained):
    (window,) = backtest(str(trained / "run" / "best.pt"), windows=1).windows
    values = level(trained)
    truth, last = values[-3:], values[-4]
    assert window.scores["naive"].mae == pytest.approx(np.abs(truth - last).mean())
    opened = open_table(trained / "run" / "best.pt")
    scaler = opened.learned.scaler
    context = torch.tensor((values[-17:-3] - scaler.center[0]) / scaler.spread[0]).float()
    with torch.inference_mode():
        forecast = opened.model.eval()(context[None, :, None])[0, :, 0].double().numpy()
    error = forecast * scaler.spread[0] + scaler.center[0] - truth
    assert window.scores["model"].rmse == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)


def test_overall_is_the_mean_of_the_windows(trained):
    found = backtest(str(trained / "run"), windows=4)
    for name, overall in found.overall.items():
        each = [window.scores[name] for window in found.windows]
        assert overall.rmse == pytest.approx(np.sqrt(np.mean([s.mse for s in each])))
        assert overall.mae == pytest.approx(np.mean([s.mae for s in each]))
    assert {"model", "naive", "ridge"} <= found.overall.keys()


def test_intervals_of_all_windows_are_those_that_eval_judges(trained):
    """The test span has 32 rows, windows of 3 whose truth begins in it 30, each of them here."""
    found = backtest(str(trained / "run"), windows=30, step=1, levels=[80, 50])
    judged = evaluate(trained / "run", levels=[80, 50]).intervals
    assert [score.level for score in found.intervals] == [80, 50]
    for ours, theirs in zip(found.intervals, judged, strict=True):
        assert ours.coverage == pytest.approx(theirs.coverage)
        assert ours.width == pytest.approx(theirs.width)
        assert ours.coverage_by_step == pytest.approx(theirs.coverage_by_step)
    assert {score.coverage for window in found.windows for score in window.intervals} > {1.0}
    usual = backtest(str(trained / "run"), windows=1).intervals
    assert [score.level for score in usual] == [80, 95]


def test_a_level_that_there_are_no_intervals_of_is_refused(trained):
    with pytest.raises(UsageError, match="errors of the validation span are enough for levels up"):
        backtest(str(trained / "run"), levels=[99])


def test_windows_that_the_model_has_seen_are_refused(trained):
    with pytest.raises(DataError, match="begins before the test span of 32 rows"):
        backtest(str(trained / "run"), windows=11)


def test_a_recipe_is_trained_on_what_comes_before_the_first_window(folder):
    found = backtest(str(folder / "wave.yaml"), FAST, windows=2)
    assert [window.first for window in found.windows] == ["2024-06-03", "2024-06-06"]
    assert sorted(entry.name for entry in folder.iterdir()) == ["wave.csv", "wave.yaml"]


def test_rows_from_a_window_on_change_nothing_that_is_forecast_in_it(folder):
    before = backtest(str(folder / "wave.yaml"), FAST, windows=2, refit=True, threads=1)
    rows = (folder / "wave.csv").read_text().splitlines()
    rows[-3:] = [row.split(",")[0] + ",99.5" for row in rows[-3:]]
    (folder / "wave.csv").write_text("\n".join(rows) + "\n")
    after = backtest(str(folder / "wave.yaml"), FAST, windows=2, refit=True, threads=1)
    assert before.is_refitted
    assert isinstance(after.windows[0], BacktestWindow)
    assert after.windows[0] == before.windows[0]
    assert after.windows[1].scores["model"].mse > before.windows[1].scores["model"].mse


def test_it_is_shown_and_one_document(trained, capsys):
    source = str(trained / "run")
    assert run(["backtest", source, "--windows", "2"]) == 0
    shown = capsys.readouterr().out
    assert "2 windows of 3 steps" in shown
    assert "Better than naive in " in shown
    assert "interval  coverage  mean width" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert run(["backtest", source, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["windows"]) == 5


def test_settings_of_a_checkpoint_are_refused(trained):
    with pytest.raises(UsageError, match="--set is for recipes"):
        backtest(str(trained / "run"), FAST)


def test_why_a_checkpoint_has_no_intervals_is_said_once(trained, tmp_path, capsys):
    best = trained / "run" / "best.pt"
    save_checkpoint(replace(load_checkpoint(best), calibration=None), tmp_path / "older.pt")
    assert run(["backtest", str(tmp_path / "older.pt"), "--windows", "2"]) == 0
    said = capsys.readouterr()
    assert said.err.count("the checkpoint was not calibrated") == 1
    assert "coverage" not in said.out
