"""Forecasts that say more than a number: quantiles and distributions, from recipe to column."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from grucli import evaluate, predict, train
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.cli.views.prediction import write_prediction_csv
from grucli.errors import UsageError
from grucli.figures.series import draw_forecasts
from grucli.nn import Forecaster
from grucli.nn.decoders import DECODERS
from grucli.nn.heads import Quantiles
from grucli.runs.opened import open_table
from grucli.runs.predicting import Predictor
from grucli.tasks.forecast.calibration import GRID
from grucli.tasks.forecast.objective import mean_loss
from tests.conftest import RECIPE, write_wave
from tests.recipe_texts import BASE, errors_of, load

LEVELS = (0.1, 0.5, 0.8, 0.95)
NORMALISE = ("none", "last", "last_scaled", "mean_std")
ONE_LAYER = RECIPE.replace("layers: 2", "layers: 1")


def recipe_with(output, **changes):
    text = ONE_LAYER.replace("normalise: last", f"normalise: last, output: {output}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def forecaster(output="quantiles", **settings):
    torch.manual_seed(0)
    settings = {"target_size": 2, "horizon": 4, "hidden": 6, "context": 12} | settings
    return Forecaster(output=output, levels=LEVELS, segment=3, **settings).eval()


def trained_with(folder, text):
    write_wave(folder / "wave.csv")
    (folder / "wave.yaml").write_text(text)
    return train(folder / "wave.yaml", run_dir=folder / "run").best_path


@pytest.fixture(scope="module")
def of_quantiles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantiles")
    return trained_with(folder, recipe_with("{quantiles: [0.05, 0.25, 0.5, 0.95]}"))


# --- quantiles ---------------------------------------------------------------------------------
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("channels", ["joint", "independent"])
def test_quantiles_never_cross_whatever_the_weights(decoder, channels):
    model = forecaster(decoder=decoder, channels=channels, skip="linear", normalise="mean_std")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 5)
        made = model.distribution(torch.randn(64, 12, 2) * 10)
    values = torch.stack([made.quantile(level) for level in LEVELS])
    assert values.shape == (4, 64, 4, 2)
    assert (values.diff(dim=0) >= 0).all()
    assert torch.equal(made.point, made.quantile(0.5))


@pytest.mark.parametrize("normalise", NORMALISE)
def test_quantiles_move_and_stretch_with_their_window(normalise):
    model = forecaster(normalise=normalise)
    context = torch.randn(3, 12, 2)
    factor = 1.0 if normalise in ("none", "last") else 7.0
    shift = 0.0 if normalise == "none" else 5.0
    with torch.no_grad():
        plain, moved = model.distribution(context), model.distribution(factor * context + shift)
    for level in (*LEVELS, 0.3):
        expected = factor * plain.quantile(level) + shift
        torch.testing.assert_close(moved.quantile(level), expected, rtol=1e-4, atol=1e-4)


def test_independent_targets_are_forecast_as_if_each_were_alone():
    model = forecaster(channels="independent", normalise="last")
    context = torch.randn(3, 12, 2)
    with torch.no_grad():
        values = model.distribution(context).values
        other = context.clone()
        other[..., 1] += torch.randn(3, 12)
        assert torch.equal(model.distribution(other).values[..., 0], values[..., 0])
        swapped = model.distribution(context.flip(-1)).values
    torch.testing.assert_close(swapped, values.flip(-1))


def test_a_recursive_decoder_feeds_the_median_back():
    model = forecaster(decoder="recursive", target_size=1)
    context = torch.randn(5, 12, 1)
    with torch.no_grad():
        made = model.distribution(context)
        after = torch.cat([context, made.point[:, :1]], dim=1)
        again = model.distribution(after)
    torch.testing.assert_close(again.values[:, :3], made.values[:, 1:])


def test_between_two_levels_a_quantile_is_on_a_line_and_beyond_them_it_is_the_outermost():
    made = Quantiles(torch.tensor([1.0, 2.0, 5.0, 6.0]).view(1, 1, 4, 1), LEVELS)
    expected = {0.01: 1.0, 0.1: 1.0, 0.3: 1.5, 0.5: 2.0, 0.65: 3.5, 0.95: 6.0, 0.99: 6.0}
    for level, value in expected.items():
        assert float(made.quantile(level)) == pytest.approx(value)


def test_the_loss_of_quantiles_is_the_mean_pinball_loss_of_what_was_measured():
    draws = np.random.default_rng(0)
    values = np.sort(draws.normal(size=(6, 3, 4, 2)), axis=2)
    truth, seen = draws.normal(size=(6, 3, 2)), draws.random((6, 3, 2)) < 0.7
    losses = []
    for place in np.ndindex(6, 3, 2):
        for at, level in enumerate(LEVELS):
            error = truth[place] - values[place[0], place[1], at, place[2]]
            losses.append((level * error if error > 0 else (level - 1) * error, seen[place]))
    made, target = Quantiles(torch.from_numpy(values), LEVELS), torch.from_numpy(truth)
    whole, count = mean_loss("mse", made, target, weight=None)
    assert float(whole) == pytest.approx(np.mean([loss for loss, _ in losses]))
    assert count == 36
    part, count = mean_loss("mse", made, target, weight=torch.from_numpy(seen))
    assert float(part) == pytest.approx(np.mean([loss for loss, is_seen in losses if is_seen]))
    assert count == seen.sum()


# --- predict -----------------------------------------------------------------------------------
def test_predict_gives_the_median_then_the_other_quantiles(of_quantiles):
    stream = io.StringIO()
    write_prediction_csv(predict(of_quantiles, levels=[80]), stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    names = ["level-q-0.05", "level", "level-q-0.95", "level-lo-80", "level-hi-80"]
    assert sorted(rows[0]) == sorted(["day", "level-q-0.25", *names])
    for row in rows:
        low, median, high, lower, upper = (float(row[name]) for name in names)
        assert low < float(row["level-q-0.25"]) < median < high
        assert lower <= median <= upper


def test_a_plot_shows_the_intervals_that_are_asked_for(of_quantiles):
    forecast, (example,) = Predictor(of_quantiles).predict_with_context(levels=[80, 50])
    ends = [forecast.bounds[f"level-{side}-80"] for side in ("lo", "hi")]
    assert example.bands["80"] == tuple(ends)
    figure = Figure()
    draw_forecasts([example], title="").draw(figure)
    bands = figure.axes[0].collections
    assert [band.get_label() for band in bands] == ["80 % interval", "50 % interval"]
    drawn = bands[0].get_paths()[0].vertices[:, 1]
    assert (drawn.min(), drawn.max()) == pytest.approx((min(ends[0]), max(ends[1])))


def test_beyond_the_trained_horizon_there_is_the_median_only_and_a_note(of_quantiles):
    forecast = predict(of_quantiles, horizon=7)
    assert forecast.quantiles == {}
    assert len(forecast.values["level"]) == 7
    assert forecast.notes[-1] == (
        "quantiles are known of the 3 steps that the model was trained on, not of 7: only the "
        "median is given"
    )
    with pytest.raises(UsageError, match="errors are known of the 3 steps"):
        predict(of_quantiles, horizon=7, levels=[80])


def test_quantiles_of_a_logarithm_are_those_of_the_values(tmp_path):
    best = trained_with(
        tmp_path,
        recipe_with(
            "{quantiles: [0.1, 0.5, 0.9]}", **{"target: level": "target: level\n  transform: log"}
        ),
    )
    forecast, opened = predict(best, levels=[90]), open_table(best)
    newest = torch.from_numpy(opened.panel.values[-14:]).log()
    scaler = opened.learned.scaler
    scaled = ((newest - scaler.center[0]) / scaler.spread[0]).float()[None]
    with torch.inference_mode():
        made = opened.model.eval().distribution(scaled)
    low = np.exp(made.quantile(0.1)[0, :, 0].numpy() * scaler.spread[0] + scaler.center[0])
    assert forecast.quantiles["level-q-0.1"] == pytest.approx(low, rel=1e-5)
    assert (np.array(forecast.bounds["level-lo-90"]) > 0).all()


# --- calibration -------------------------------------------------------------------------------
@pytest.mark.parametrize("level", [40.0, 80.0, 95.0])
def test_intervals_are_those_of_conformalised_quantile_regression(of_quantiles, level):
    """Romano et al. 2019, theorem 1, with errors in units of the outer quantiles' distance."""
    opened = open_table(of_quantiles)
    windows, model = opened.data.samples("valid"), opened.model.eval()
    with torch.inference_mode():
        batch = windows.gather(torch.arange(len(windows)))
        made = model.distribution(batch.context)
    outside = (1 - {40.0: 0.5, 80.0: 0.8, 95.0: 0.95}[level]) / 2
    low, high = made.quantile(outside), made.quantile(1 - outside)
    spread = made.values[..., -1, :] - made.values[..., 0, :]
    errors = torch.maximum(low - batch.target, batch.target - high) / spread
    rank = math.ceil((len(errors) + 1) * level / 100)
    expected = errors.sort(dim=0).values[rank - 1]
    kept = load_checkpoint(of_quantiles).calibration["errors"][list(GRID).index(level)]
    assert kept == pytest.approx(expected.numpy(), rel=1e-4, abs=1e-6)
    score = evaluate(of_quantiles, split="valid", levels=[level]).intervals[0]
    assert level / 100 <= score.coverage + 1e-9 <= level / 100 + 0.04


def test_a_recipe_of_before_there_was_a_choice_forecasts_points(trained, tmp_path):
    saved = load_checkpoint(trained / "run" / "best.pt")
    assert saved.recipe["task"]["output"] == "point"
    task = {name: value for name, value in saved.recipe["task"].items() if name != "output"}
    older = tmp_path / "older.pt"
    save_checkpoint(replace(saved, recipe={**saved.recipe, "task": task}), older)
    assert predict(older) == predict(trained / "run" / "best.pt")
    assert predict(older).quantiles == {}


# --- what cannot be ----------------------------------------------------------------------------
OUTPUT = "horizon: 2, output: "


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("{quantiles: [0.1, 0.9]}", "expected levels that rise, 0.5 among them: the median is the"),
        ("{quantiles: [0.9, 0.5]}", "expected levels that rise, each once"),
        ("{quantiles: [0.5, 0.5]}", "expected levels that rise, each once"),
        ("{quantiles: [0.5, 1.0]}", "or {quantiles: [0.1, 0.5, 0.9]} with levels > 0 and < 1"),
        (
            "quantiles",
            'found the text "quantiles"; expected point, gaussian, student_t, negative_binomial',
        ),
        (
            "{}",
            "found a section; expected point, gaussian, student_t, negative_binomial, or {quant",
        ),
    ],
)
def test_levels_that_make_no_sense_are_refused_at_their_line(elsewhere, output, says):
    (line,) = errors_of(BASE.replace("horizon: 2", OUTPUT + output))
    assert line.startswith("r.yaml:6:")
    assert says in line


def test_quantiles_have_a_loss_of_their_own(elsewhere):
    text = BASE.replace("horizon: 2", OUTPUT + "{quantiles: [0.5, 0.9]}")
    assert load(text).forecast.levels == (0.5, 0.9)
    (line,) = errors_of(text + "train: {loss: mae}\n")
    assert line == (
        "r.yaml:7:9: train.loss: found mae with task.output quantiles, whose loss is the pinball "
        "loss; leave it out"
    )
