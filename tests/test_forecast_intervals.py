"""Intervals: made of the errors on the validation span, given by predict, judged by eval."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.errors import CheckpointError, UsageError
from grucli.nn import Forecaster
from grucli.results import IntervalScore, to_json
from grucli.runs.opened import open_table
from grucli.tasks.forecast.calibration import GRID, Calibration, _at_ranks
from tests.conftest import RECIPE, REPOSITORY, grucli, write_wave
from tests.scores_cases import scores as some_scores


@pytest.fixture(scope="module")
def best(trained):
    return trained / "run" / "best.pt"


def kept_errors(path):
    return load_checkpoint(path).calibration["errors"]


def validation_errors(path):
    """|y - f| of every validation window in original units [N, K], window by window."""
    opened = open_table(path)
    windows, model = opened.data.samples("valid"), opened.model.eval()
    scaler = opened.learned.scaler
    rows = []
    for place in range(len(windows)):
        batch = windows.gather(torch.tensor([place]))
        with torch.inference_mode():
            forecast = model(batch.context, batch.future)[0, :, 0].double().numpy()
        truth = windows.truth(torch.tensor([place]))[0, :, 0].numpy()
        rows.append(np.abs(truth - (forecast * scaler.spread[0] + scaler.center[0])))
    return np.array(rows)


# --- what is kept ----------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 19, 20, 133, 400])
def test_the_error_of_a_level_has_the_rank_that_finite_samples_ask_for(count):
    errors = np.random.default_rng(count).exponential(size=(count, 2, 1)).astype(np.float32)
    kept = _at_ranks(np.sort(errors, axis=0))
    for level, row in zip(GRID, kept, strict=True):
        rank = math.ceil((count + 1) * level / 100)
        for step in range(2):
            expected = sorted(errors[:, step, 0])[rank - 1] if rank <= count else math.inf
            assert row[step, 0] == expected


def test_truths_that_were_never_measured_are_no_errors():
    errors = np.array([3.0, 1.0, np.nan, 2.0, np.nan], np.float32).reshape(-1, 1, 1)
    kept = _at_ranks(np.sort(errors, axis=0))[:, 0, 0]
    assert kept[list(GRID).index(50.0)] == 2.0
    assert kept[list(GRID).index(75.0)] == 3.0
    assert kept[list(GRID).index(75.5)] == math.inf


def test_new_values_are_covered_as_often_as_the_level_says():
    draws = np.random.default_rng(0)
    errors = np.abs(draws.normal(size=(19, 2000, 1))).astype(np.float32)
    kept = Calibration(_at_ranks(np.sort(errors, axis=0)))
    new = np.abs(draws.normal(size=(2000, 1)))
    assert (new <= kept.margins(80)).mean() == pytest.approx(0.8, abs=0.03)
    assert (new <= kept.margins(95)).mean() == pytest.approx(0.95, abs=0.02)
    assert kept.highest_level == 95


def test_a_level_between_two_that_are_kept_takes_the_next_above():
    kept = Calibration(np.arange(199, dtype=np.float32).reshape(-1, 1, 1))
    assert kept.margins(80.2) == kept.margins(80.5) != kept.margins(80)


def test_a_run_keeps_the_errors_of_its_best_weights_on_the_validation_span(best):
    errors = np.sort(validation_errors(best), axis=0)
    spread = open_table(best).learned.scaler.spread[0]
    rank = math.ceil((len(errors) + 1) * 0.8)
    kept = kept_errors(best)[list(GRID).index(80.0), :, 0]
    assert kept * spread == pytest.approx(errors[rank - 1], rel=1e-4)


def test_errors_are_held_against_the_spread_of_their_window():
    torch.manual_seed(0)
    context = torch.randn(3, 20, 2)
    model = Forecaster(target_size=2, horizon=4, normalise="mean_std", hidden=4)
    spread = model.distribution(context).spread
    assert spread.expand(3, 4, 2).shape == (3, 4, 2)
    torch.testing.assert_close(spread[:, 0], context.std(dim=1, correction=0))
    apart = Forecaster(
        target_size=2, horizon=4, normalise="mean_std", channels="independent", hidden=4
    )
    torch.testing.assert_close(apart.distribution(context).spread, spread)
    plain = Forecaster(target_size=2, horizon=4, normalise="last", hidden=4)
    assert (plain.distribution(context).spread == 1).all()


# --- predict ---------------------------------------------------------------------------------
def test_predict_adds_the_ends_of_each_interval(best, trained):
    done = grucli("predict", best, "--level", "80", "--level", "50")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    ends = ["level-lo-80", "level-hi-80", "level-lo-50", "level-hi-50"]
    assert list(rows[0]) == ["day", "level", *ends]
    spread = open_table(best).learned.scaler.spread[0]
    half = kept_errors(best)[:, :, 0] * spread
    for step, row in enumerate(rows):
        for level in ("80", "50"):
            width = half[list(GRID).index(float(level)), step]
            assert float(row[f"level-hi-{level}"]) - float(row["level"]) == pytest.approx(
                width, abs=2e-6
            )
            assert float(row["level"]) - float(row[f"level-lo-{level}"]) == pytest.approx(
                width, abs=2e-6
            )
    plain = list(csv.DictReader(io.StringIO(grucli("predict", best).stdout)))
    assert [row["level"] for row in plain] == [row["level"] for row in rows]
    document = json.loads(grucli("predict", best, "--level", "80", "--json").stdout)
    assert document["bounds"]["level-lo-80"] == [float(row["level-lo-80"]) for row in rows]


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Two series, the second like the first but ten times as large; scaled each by its own."""
    folder = tmp_path_factory.mktemp("shops")
    write_wave(folder / "wave.csv")
    day, *rows = (folder / "wave.csv").read_text().split()
    lines = [f"{shop},{row.partition(',')[0]},{factor * float(row.partition(',')[2])}"
             for shop, factor in (("a", 1), ("b", 10)) for row in rows]  # fmt: skip
    (folder / "shops.csv").write_text("\n".join([f"shop,{day}", *lines]) + "\n")
    text = RECIPE.replace("wave.csv", "shops.csv").replace("layers: 2", "layers: 1")
    text = text.replace("  target: level", "  target: level\n  series: shop\n  scale_by: series")
    (folder / "shops.yaml").write_text(text)
    return train(folder / "shops.yaml", run_dir=folder / "run").best_path


def test_an_interval_is_as_wide_as_its_series_is_large(shops):
    forecast = predict(shops, levels=[80])
    width = np.subtract(forecast.bounds["level-hi-80"], forecast.bounds["level-lo-80"])
    assert width[3:] == pytest.approx(10 * width[:3], rel=1e-3)
    score = evaluate(shops, levels=[80]).intervals[0]
    assert score.width == pytest.approx(width.mean())


# --- eval ------------------------------------------------------------------------------------
def test_coverage_and_width_are_those_of_every_window(best):
    half = kept_errors(best)[list(GRID).index(80.0), :, 0]
    half = half * open_table(best).learned.scaler.spread[0]
    score = evaluate(best, split="valid", levels=[80]).intervals[0]
    # An interval ends at the error of one of these windows: rounding says on which side it is.
    errors = validation_errors(best)
    fewest, most = (errors <= half * (1 + slack) for slack in (-1e-6, 1e-6))
    assert fewest.mean() - 1e-9 <= score.coverage <= most.mean() + 1e-9
    for least, share, greatest in zip(
        fewest.mean(axis=0), score.coverage_by_step, most.mean(axis=0), strict=True
    ):
        assert least - 1e-9 <= share <= greatest + 1e-9
    assert score.width == pytest.approx(2 * half.mean())
    assert 0.8 <= score.coverage <= 0.9


def test_eval_shows_the_usual_levels_where_there_are_windows_enough(best):
    assert [score.level for score in evaluate(best).intervals] == [80, 95]
    assert [score.level for score in evaluate(best, levels=[90]).intervals] == [90]


def test_a_check_knows_coverage_and_width(best):
    assert grucli("eval", best, "--level", "50", "--fail-if", "coverage.50>1").returncode == 0
    done = grucli("eval", best, "--level", "50", "--fail-if", "coverage.50<=1")
    assert done.returncode == 6
    assert "coverage.50 is 0." in done.stderr
    assert grucli("eval", best, "--fail-if", "width.95<0").returncode == 0
    assert grucli("eval", best, "--fail-if", "step3.coverage.80>1").returncode == 0


def test_the_screen_has_a_row_for_each_level():
    from grucli.cli.views.scores import render_scores

    level = IntervalScore(80.0, coverage=0.7912, width=1.6156, coverage_by_step=(0.8,) * 26)
    scores = replace(some_scores(), intervals=(level, replace(level, level=97.5)))
    lines = [line.split() for line in render_scores(scores).plain.splitlines()]
    assert ["80", "%", "79.1", "%", "1.616"] in lines
    assert ["97.5", "%", "79.1", "%", "1.616"] in lines
    assert json.loads(to_json(scores))["intervals"][0]["coverage"] == 0.7912


# --- what cannot be --------------------------------------------------------------------------
@pytest.fixture
def uncalibrated(best, tmp_path):
    save_checkpoint(replace(load_checkpoint(best), calibration=None), tmp_path / "best.pt")
    return tmp_path / "best.pt"


def test_a_checkpoint_that_was_not_calibrated_says_so_in_one_line(uncalibrated):
    done = grucli("eval", uncalibrated)
    assert done.returncode == 0
    assert done.stderr.count("not calibrated") == 1
    refused = grucli("predict", uncalibrated, "--level", "80")
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "error: --level 80: the checkpoint was not calibrated: an older grucli wrote it, or "
        "training was not finished; train again to have intervals"
    ]


FORMER = REPOSITORY / "tests" / "checkpoints"


def test_a_file_of_format_2_gives_what_it_gave_and_has_no_intervals(folder):
    path = FORMER / "gru_window_2.pt"
    assert torch.load(path, weights_only=True)["format_version"] == 2
    expected = json.loads((FORMER / "expected_2.json").read_text())["gru_window"]
    forecast = predict(path, folder / "wave.csv")
    scores = evaluate(path, folder / "wave.csv")
    assert forecast.values["level"] == pytest.approx(expected["forecast"], rel=1e-5)
    assert scores.model.rmse == pytest.approx(expected["rmse"], rel=1e-5)
    assert scores.intervals == ()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--level", "99.5"], "are enough for levels up to 96.5"),
        (["--level", "80", "--horizon", "4"], "errors are known of the 3 steps"),
        (["--level", "0.5"], "expected per cent, from 1 to 99.5"),
        (["--level", "100"], "expected per cent, from 1 to 99.5"),
        (["--level", "80", "--stream"], "--stream: goes from standard input"),
    ],
)
def test_intervals_that_nothing_is_known_of_are_refused(best, options, says):
    done = grucli("predict", best, *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_calibration_that_was_changed_is_refused(best, tmp_path):
    saved = load_checkpoint(best)
    for errors, says in (
        (saved.calibration["errors"][::-1].copy(), "rise from level to level"),
        (saved.calibration["errors"][:, :2].copy(), r"calibration\.errors: a float32 tensor"),
        (saved.calibration["errors"] * np.float32(np.nan), "rise from level to level"),
    ):
        save_checkpoint(replace(saved, calibration={"errors": errors}), tmp_path / "changed.pt")
        with pytest.raises(CheckpointError, match=says):
            predict(tmp_path / "changed.pt", levels=[80])


def test_a_span_with_few_windows_has_intervals_of_low_levels_only(folder):
    text = RECIPE.replace("valid: 0.2", "valid: 9").replace("layers: 2", "layers: 1")
    (folder / "wave.yaml").write_text(text)
    best = train(folder / "wave.yaml", run_dir=folder / "run").best_path
    assert [score.level for score in evaluate(best).intervals] == [80]
    with pytest.raises(UsageError, match=r"levels up to 87\.5"):
        predict(best, levels=[95])
