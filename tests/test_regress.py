"""One number of each series: read, learned, judged and said."""

import csv
import io
import json

import numpy as np
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.data import Judged
from grucli.errors import DataError, UsageError
from grucli.recipe import load_recipe
from grucli.runs.opened import open_checkpoint, with_table
from grucli.runs.tables import read_panel
from grucli.tasks.regress.baselines import fit_ridge
from grucli.tasks.sequences.numbers import number_metrics
from tests.conftest import has_digits_of_float32, verb
from tests.recipe_texts import errors_of
from tests.test_runs_training import resumed_and_whole

RECIPE = """\
name: loads
data:
  path: loads.csv
  time: step
  series: id
  past: [x, y]
  split: {valid: 0.25, test: 0.25}
task: {kind: regress, label: load}
model: {hidden: 8, pooling: [mean, max]}
train: {lr: 1.0e-2, batch_size: 8, epochs: 12, patience: null}
"""


def load_rows(count, *, seed=0, name="s", label=True):
    """Noise of unequal lengths; the load of a series is how often x rises with y, per step."""
    draw = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        x, y = draw.normal(size=(2, draw.integers(8, 16)))
        load = 100 + 50 * np.mean(np.maximum(x * y, 0))
        rows += [
            f"{name}{place},{step},{a:.4f},{b:.4f}" + (f",{load:.4f}" if label else "")
            for step, (a, b) in enumerate(zip(x, y, strict=True))
        ]
    return "\n".join(["id,step,x,y" + (",load" if label else ""), *rows]) + "\n"


@pytest.fixture(scope="module")
def loads(tmp_path_factory):
    """A folder with a finished run of a regressor; do not change it."""
    place = tmp_path_factory.mktemp("loads")
    (place / "loads.csv").write_text(load_rows(80))
    (place / "loads.yaml").write_text(RECIPE)
    train(place / "loads.yaml", run_dir=place / "run")
    return place


# --- numbers ---------------------------------------------------------------------------------
def test_errors_are_those_of_their_definitions():
    truth, said = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    metrics = number_metrics(truth, said)
    assert metrics.rmse == pytest.approx(np.sqrt(5 / 3))
    assert metrics.mae == pytest.approx(1.0)
    assert metrics.r2 == pytest.approx(1 - 5 / ((16 + 1 + 25) / 9))
    assert number_metrics(np.ones(2), np.zeros(2)).r2 is None


def test_ridge_finds_a_line_and_validation_picks_its_penalty():
    draw = np.random.default_rng(0)
    rows = np.column_stack([draw.normal(size=(40, 2)), np.ones(40)])
    truth = rows @ np.array([[2.0], [-1.0], [0.5]])
    found = fit_ridge((rows[:30], truth[:30]), (rows[30:], truth[30:]))
    np.testing.assert_allclose(found[:, 0], [2.0, -1.0, 0.5], atol=1e-3)


def test_the_number_of_a_series_is_what_the_model_says_of_it_alone_in_units_of_the_label(loads):
    numbers = predict(loads / "run/best.pt")
    opened = with_table(open_checkpoint(loads / "run/best.pt"))
    panel, model, facts = opened.panel, opened.model.eval(), opened.learned.facts["answer"]
    for place in (0, 7, 79):
        rows = panel.values[panel.bounds[place] : panel.bounds[place + 1]]
        scaled = torch.from_numpy(opened.learned.scaler.scale(rows)).float()
        with torch.no_grad():
            output = model(scaled[None], torch.tensor([len(rows)]))
        expected = float(output) * facts["spread"][0] + facts["center"][0]
        assert numbers.values[place] == pytest.approx(expected, rel=1e-5)


def test_scores_are_those_of_numpy_on_the_series_that_were_dealt_out(loads):
    scores, numbers = evaluate(loads / "run/best.pt"), predict(loads / "run/best.pt")
    opened = with_table(open_checkpoint(loads / "run/best.pt"), judged="test")
    places = opened.data.parts["test"]
    panel = read_panel(opened.recipe.data, judged=Judged(numbers=("load",)))
    truth = panel.marks["load"][panel.bounds[:-1]]
    error = np.array(numbers.values)[places] - truth[places]
    assert scores.sequences == len(places) == 20
    assert scores.model.rmse == pytest.approx(np.sqrt(np.mean(error**2)))
    guess = truth[opened.data.parts["train"]].mean() - truth[places]
    assert scores.baselines["mean"].mae == pytest.approx(np.abs(guess).mean())
    assert scores.model.rmse < min(row.rmse for row in scores.baselines.values())


# --- the verbs -------------------------------------------------------------------------------
def test_numbers_are_written_with_their_series(loads, capsys):
    (loads / "new.csv").write_text(load_rows(3, seed=4, name="=n", label=False))
    done = verb(capsys, "predict", loads / "run/best.pt", loads / "new.csv")
    header, *rows = csv.reader(io.StringIO(done.out))
    assert (header, [row[0] for row in rows]) == (["id", "load"], ["'=n0", "'=n1", "'=n2"])
    said = predict(loads / "run/best.pt", str(loads / "new.csv")).values
    assert [float(row[1]) for row in rows] == list(said)
    assert all(has_digits_of_float32(row[1]) for row in rows)


def test_scores_are_shown_checked_and_drawn(loads, tmp_path, capsys):
    run = loads / "run/best.pt"
    done = verb(capsys, "eval", run, "--fail-if", "ridge.r2<2", "--plot", tmp_path / "n.svg")
    assert done.code == 6
    for words in ("test: load of 20 sequences", "ridge", "beats the mean of the training part"):
        assert words in done.out
    assert "said against the truth" in (tmp_path / "n.svg").read_text()
    told = json.loads(verb(capsys, "eval", run, "--json").out)
    assert (told["kind"], told["label"]) == ("NumberScores", "load")


def test_every_matrix_of_a_regressor_can_be_inspected(loads, capsys):
    done = verb(capsys, "inspect-weights", loads / "run", "--history")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"horizon": 3}, "--horizon 3: the model says one number of a series"),
        ({"levels": [80]}, "--level 80: a number of a series has no interval"),
    ],
)
def test_what_only_a_forecast_has_is_refused(loads, options, what):
    with pytest.raises(UsageError, match=what):
        predict(loads / "run/best.pt", **options)


# --- training --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "settings",
    [
        ["train.loss=mae", "data.transform=log", "model.layer_norm=ba2016", "task.noise=0.1"],
        ["train.loss=huber", "model.cell=lstm", "data.scale=minmax", "model.pooling=last"],
        ["model.cell=rnn", "model.layer_norm=sum", "train.recompute_steps=4", "train.refit=true"],
    ],
    ids=" ".join,
)
def test_losses_transforms_cells_and_layer_norms_go_together(loads, tmp_path, settings):
    finished = train(loads / "loads.yaml", [*settings, "train.epochs=2"], run_dir=tmp_path / "run")
    assert np.isfinite(finished.scores.model.rmse)
    assert min(predict(finished.best_path).values) > 0


def test_a_regressor_begins_from_a_trained_one_and_goes_on_after_a_stop(loads, tmp_path):
    settings = [f"model.init.checkpoint={loads / 'run/best.pt'}", "train.epochs=2"]
    recipe = load_recipe(loads / "loads.yaml", settings)
    resumed, whole = resumed_and_whole(recipe, tmp_path, steps=7)
    assert resumed == whole
    assert evaluate(tmp_path / "whole/best.pt").model.r2 > 0


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("7", "column 'load': 7 at 3 in series 's1', which has [0-9.]+ at 0; expected one number"),
        ("", "column 'load': no number at 3 in series 's1'; expected one number in all rows"),
        ("much", "column 'load': 'much' is not a number"),
    ],
)
def test_a_number_that_is_none_or_changes_within_a_series_is_named(loads, tmp_path, cell, what):
    rows = load_rows(12).splitlines()
    place = next(place for place, row in enumerate(rows) if row.startswith("s1,3,"))
    rows[place] = rows[place].rpartition(",")[0] + f",{cell}"
    (tmp_path / "odd.csv").write_text("\n".join(rows) + "\n")
    settings = [f"data.path={tmp_path / 'odd.csv'}"]
    with pytest.raises(DataError, match=what):
        train(loads / "loads.yaml", settings, run_dir=tmp_path / "run")


# --- recipes ---------------------------------------------------------------------------------
WRONG = {
    "data.target=z": "data.target: found z with task.kind regress",
    "task.label=x": "task.label: found 'x', which is in data.past",
    "data.series=[]": "data.series: found an empty list; expected",
    "data.scale_by=series": "data.scale_by: found series with task.kind regress",
    "task.class_weights=balanced": "task.class_weights: unknown key; expected one of kind, label",
    "train.loss_units=window": "train.loss_units: found window with task.kind regress",
    "train.tbptt_steps=4": "train.tbptt_steps: found 4 with task.kind regress",
    "model.decoder=segment": "model.decoder: found segment with task.kind regress",
    'data.split.valid="2000"': "data.split.valid: found '2000' with task.kind regress",
}


@pytest.mark.parametrize(("override", "what"), WRONG.items(), ids=WRONG)
def test_what_makes_no_sense_for_a_regressor_is_refused_at_its_place(
    override, what, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert errors_of(RECIPE, override)[0].startswith(f"--set {override}: {what}")
