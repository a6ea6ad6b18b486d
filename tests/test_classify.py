"""Classes of whole series: learned, judged and said."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grucli import evaluate, predict, train
from grucli.errors import DataError, UsageError
from grucli.recipe import load_recipe
from grucli.runs.streaming import Stream
from tests.conftest import grucli
from tests.recipe_texts import errors_of, load
from tests.test_runs_training import resumed_and_whole

# --- recipes ---------------------------------------------------------------------------------
CLASSIFY = """\
name: a
data:
  path: x.csv
  time: t
  series: id
  past: [x]
task: {kind: classify, label: kind}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


WRONG = {
    "task.kind=classfy": 'task.kind: found the text "classfy"; expected one of forecast, classify,',
    "task.context=10": "task.context: unknown key; expected one of kind, label, class_weights",
    "task.label=t": "task.label: found 't', which is the time column",
    "task.label=x": "task.label: found 'x', which is in data.past",
    "task.label=id": "task.label: found 'id', which is in data.series",
    "data.target=y": "data.target: found y with task.kind classify; the truth is task.label",
    "data.past=[]": "data.past: found an empty list; expected a list of texts; it must not be em",
    "data.series=[]": "data.series: found an empty list; expected a text or a list of texts; it",
    "data.scale_by=series": "data.scale_by: found series with task.kind classify",
    "data.split.train=3": "data.split.train: found 3 with task.kind classify; expected null",
    'data.split.valid="2000"': "data.split.valid: found '2000' with task.kind classify",
    "model.decoder=recursive": "model.decoder: found recursive with task.kind classify",
    "model.channels=independent": "model.channels: found independent with task.kind classify",
    "model.pooling=sum": 'model.pooling: found the text "sum"; expected one of last, mean, max',
    "train.loss=mae": "train.loss: found mae with task.kind classify; its loss is",
    "train.tbptt_steps=4": "train.tbptt_steps: found 4 with task.kind classify",
}


@pytest.mark.parametrize(("override", "what"), WRONG.items(), ids=WRONG)
@pytest.mark.usefixtures("here")
def test_what_makes_no_sense_for_a_classifier_is_refused_at_its_place(override, what):
    (error,) = errors_of(CLASSIFY, override)
    assert error.startswith(f"--set {override}: {what}")


FORECAST = CLASSIFY.replace("past", "target").replace("kind: classify, label: kind", "{}")


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("model.pooling=[mean]", "model.pooling: found mean with task.kind forecast; nothing"),
        ("data.split.column=part", "data.split.column: found part with task.kind forecast"),
        ("data.split.seed=3", "data.split.seed: found 3 with task.kind forecast"),
        ("task.label=y", "task.label: unknown key; expected one of kind, context"),
        ("data.target=[]", "data.target: found an empty list; expected a text or a list of"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_only_a_classifier_has_is_refused_in_a_forecast(override, what):
    (error,) = errors_of(
        FORECAST.replace("{{}}", "{kind: forecast, context: 9, horizon: 2}"), override
    )
    assert error.startswith(f"--set {override}: {what}")


@pytest.mark.usefixtures("here")
def test_faults_of_a_classifier_stand_at_their_lines():
    text = CLASSIFY.replace("label: kind", "label: kind, horizon: 3, class_weights: equal")
    text = text.replace("  past: [x]\n", "")
    assert [line.partition(";")[0] for line in errors_of(text)] == [
        "r.yaml:2:1: data.past: missing",
        "r.yaml:6:37: task.horizon: unknown key",
        'r.yaml:6:64: task.class_weights: found the text "equal"',
    ]


@pytest.mark.usefixtures("here")
def test_a_missing_target_of_a_forecast_stands_at_the_data():
    text = FORECAST.replace("{{}}", "{kind: forecast, context: 9, horizon: 2}")
    (error,) = errors_of(text.replace("  target: [x]\n", ""))
    assert error == "r.yaml:2:1: data.target: missing; expected a text or a list of texts"


@pytest.mark.usefixtures("here")
def test_a_test_table_of_its_own_is_found_beside_the_recipe():
    recipe = load(CLASSIFY, "name=b")
    assert recipe.data.split.test == 0.2
    text = CLASSIFY.replace("  past", "  split: {test: sub/test.csv}\n  past")
    assert load(text).data.split.test == str(Path("sub/test.csv").resolve())


# --- from a table to labels ------------------------------------------------------------------
RECIPE = """\
name: tones
data:
  path: tones.csv
  time: step
  series: [who, take]
  past: [x, y]
  missing: mask
  split: {valid: 0.25, test: 0.25}
task: {kind: classify, label: tone, class_weights: balanced, label_smoothing: 0.1, noise: 0.05}
model: {cell: gru, layer_norm: split, hidden: 8, bidirectional: true, pooling: [mean, last]}
train: {lr: 1.0e-2, batch_size: 8, epochs: 8, patience: 4, seed: 0}
"""


def tone_rows(count, *, seed=0, who="a"):
    """Waves of three frequencies and unequal lengths, one value in forty missing."""
    draw = np.random.default_rng(seed)
    rows = []
    for take in range(count):
        tone = take % 3
        steps = np.arange(draw.integers(12, 24))
        wave = np.sin((tone + 1) * 0.5 * steps + draw.uniform(0, 6)) + draw.normal(
            0, 0.1, len(steps)
        )
        cells = [
            "" if step and draw.random() < 0.025 else f"{value:.4f}"
            for step, value in zip(steps, wave, strict=True)
        ]
        rows += [
            f"{who},{take},{step},{cell},{wave[step - 1]:.4f},{('low', 'mid', 'high')[tone]}"
            for step, cell in zip(steps, cells, strict=True)
        ]
    return ["who,take,step,x,y,tone", *rows]


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """A folder with a finished run of a classifier; do not change it."""
    place = tmp_path_factory.mktemp("tones")
    (place / "tones.csv").write_text("\n".join(tone_rows(60)) + "\n")
    (place / "tones.yaml").write_text(RECIPE)
    train(place / "tones.yaml", run_dir=place / "run")
    return place


def test_a_classifier_learns_what_ridge_cannot_see(tones):
    scores = evaluate(tones / "run/best.pt")
    assert (scores.sequences, scores.classes) == (15, ("high", "low", "mid"))
    assert scores.model.accuracy > 0.9
    assert scores.baselines["majority"].accuracy == pytest.approx(1 / 3)
    assert scores.baselines["ridge"].log_loss is None
    assert np.array(scores.confusion).sum() == 15


def test_labels_are_written_with_their_series_and_probabilities(tones):
    (tones / "new.csv").write_text(
        "\n".join(row.rpartition(",")[0] for row in tone_rows(6, seed=5, who="=b")) + "\n"
    )
    done = grucli("predict", tones / "run/best.pt", tones / "new.csv")
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert header == ["who", "take", "tone", "p_high", "p_low", "p_mid"]
    assert [row[:2] for row in rows] == [["'=b", str(take)] for take in range(6)]
    assert [row[2] for row in rows] == ["low", "mid", "high"] * 2
    assert all(sum(map(float, row[3:])) == pytest.approx(1) for row in rows)
    labels = predict(tones / "run/best.pt", str(tones / "new.csv"))
    assert labels.labels == ("low", "mid", "high") * 2


def test_scores_are_shown_named_and_checked(tones):
    done = grucli("eval", tones / "run/best.pt", "--fail-if", "recall.low<0.2")
    assert done.returncode == 0
    for words in ("balanced acc.", "majority", "ridge", "high", "beats the majority class"):
        assert words in done.stdout
    failing = grucli("eval", tones / "run/best.pt", "--fail-if", "majority.accuracy<0.5")
    assert failing.returncode == 6
    told = json.loads(grucli("eval", tones / "run/best.pt", "--json").stdout)
    assert (told["kind"], told["classes"]) == ("ClassScores", ["high", "low", "mid"])


def test_another_table_is_judged_by_the_split_rule_or_whole(tones):
    table = str(tones / "more.csv")
    Path(table).write_text("\n".join(tone_rows(24, seed=3)) + "\n")
    assert evaluate(tones / "run/best.pt", table).sequences == 6
    whole = evaluate(tones / "run/best.pt", table, split="all")
    assert whole.sequences == 24
    assert set(whole.baselines) == {"majority"}


def test_all_of_another_table_is_judged_without_its_parts(tones, tmp_path):
    rows = tone_rows(12)
    (tmp_path / "bare.csv").write_text("\n".join(rows) + "\n")
    parts = ["part", *("test" if row.startswith("a,1") else "train" for row in rows[1:])]
    marked = [f"{row},{part}" for row, part in zip(rows, parts, strict=True)]
    (tmp_path / "marked.csv").write_text("\n".join(marked) + "\n")
    settings = [f"data.path={tmp_path / 'marked.csv'}", "data.split.column=part", "train.epochs=1"]
    finished = train(tones / "tones.yaml", settings, run_dir=tmp_path / "run")
    assert finished.scores.sequences == 3
    bare = str(tmp_path / "bare.csv")
    assert evaluate(finished.best_path, bare, split="all").sequences == 12
    with pytest.raises(DataError, match="no column 'part'"):
        evaluate(finished.best_path, bare)


def test_a_class_that_was_not_trained_on_is_named(tones):
    table = tones / "odd.csv"
    table.write_text("\n".join(tone_rows(12)).replace("mid", "shrill") + "\n")
    with pytest.raises(DataError, match=r"column 'tone': 'shrill' in series 'a, 1'; expected a cl"):
        evaluate(tones / "run/best.pt", str(table), split="all")


def test_the_test_part_may_be_a_table_of_its_own(tones, tmp_path):
    rows = tone_rows(12, seed=9)
    (tmp_path / "apart.csv").write_text("\n".join(rows) + "\n")
    settings = [f"data.split.test={tmp_path / 'apart.csv'}", "train.epochs=1"]
    finished = train(tones / "tones.yaml", settings, run_dir=tmp_path / "run")
    assert finished.scores.sequences == 12
    assert replace(evaluate(finished.best_path), notes=()) == finished.scores
    alone = evaluate(finished.best_path, str(tmp_path / "apart.csv"))
    assert (alone.model, set(alone.baselines)) == (finished.scores.model, {"majority"})
    with pytest.raises(DataError, match=r"no series of the part valid.*expected --split test or"):
        evaluate(finished.best_path, str(tmp_path / "apart.csv"), split="valid")


def test_one_class_is_nothing_to_learn(tones, tmp_path):
    rows = [row.rpartition(",")[0] + ",low" for row in tone_rows(12)[1:]]
    (tmp_path / "one.csv").write_text("\n".join(["who,take,step,x,y,tone", *rows]) + "\n")
    with pytest.raises(DataError, match="'low' in all series of the training part; expected at"):
        train(tones / "tones.yaml", [f"data.path={tmp_path / 'one.csv'}"], run_dir=tmp_path / "r")


def test_a_resumed_classifier_is_that_of_an_uninterrupted_run(tones, tmp_path):
    recipe = load_recipe(tones / "tones.yaml", ["train.epochs=3"])
    resumed, whole = resumed_and_whole(recipe, tmp_path, steps=7)
    assert resumed == whole


@pytest.mark.parametrize(
    "settings",
    [
        ["model.cell=lstm", "model.layer_norm=none"],
        ["model.cell=rnn", "model.layer_norm=ba2016", "model.pooling=max"],
        ["model.layer_norm=sum_joint", "model.bidirectional=false", "train.recompute_steps=4"],
        ["task.class_weights=none", "model.layers=2", "data.scale=robust"],
    ],
    ids=" ".join,
)
def test_every_cell_and_layer_norm_can_classify(tones, tmp_path, settings):
    finished = train(tones / "tones.yaml", [*settings, "train.epochs=2"], run_dir=tmp_path / "run")
    assert np.isfinite(finished.best_valid_loss)
    done = grucli("inspect-weights", tmp_path / "run/best.pt", "--history")
    assert done.returncode == 0, done.stderr


def test_training_speaks_of_sequences_and_classes(tones, tmp_path):
    done = grucli("train", tones / "tones.yaml", "--run-dir", tmp_path / "run")
    assert "sequences: 34 train - 11 valid - 15 test" in done.stderr
    assert "note: 3 classes, of which to learn from: high" in done.stderr
    assert "mean and last pooling" in done.stderr
    assert "predict" in done.stderr
    assert "labels.csv" in done.stderr


def test_what_answers_row_by_row_is_refused_in_one_line(tones):
    what = "best.pt: predict --stream shows how a forecast is made, and this"
    with pytest.raises(UsageError, match=what):
        Stream(tones / "run/best.pt")


def test_a_horizon_has_no_meaning(tones):
    with pytest.raises(UsageError, match="--horizon 3: the model says the class of a series"):
        predict(tones / "run/best.pt", horizon=3)
    done = grucli("eval", tones / "run/best.pt", "--by", "step")
    assert (done.returncode, "--by step: the model says classes" in done.stderr) == (2, True)


def test_the_confusion_matrix_is_drawn(tones, tmp_path):
    done = grucli("eval", tones / "run/best.pt", "--plot", tmp_path / "c.svg")
    assert done.returncode == 0, done.stderr
    assert "What was taken for what" in (tmp_path / "c.svg").read_text()
