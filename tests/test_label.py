"""A label of each row: read, cut into pieces, learned, judged and said."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.data import Judged, parse_table, read_frame
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError, UsageError
from grucli.nn import SequenceModel
from grucli.recipe import load_recipe, recipe_from_mapping
from grucli.runs.opened import open_checkpoint, with_table
from grucli.runs.tables import read_panel
from grucli.tasks.label.baselines import Lagged, Told, fit_ridge
from grucli.tasks.sequences.class_losses import cross_entropy_of_known
from tests.conftest import has_digits_of_float32, verb
from tests.recipe_texts import errors_of
from tests.test_runs_training import resumed_and_whole

RECIPE = """\
name: moves
data:
  path: moves.csv
  time: step
  series: walk
  past: [x]
  split: {valid: 0.2, test: 0.2}
task: {kind: label, label: state}
model: {hidden: 12}
train: {lr: 2.0e-2, batch_size: 8, epochs: 12, patience: null}
"""
ONE = """\
name: load
data:
  path: load.csv
  time: day
  past: [x]
  split: {valid: 100, test: 100}
task: {kind: label, label: sum, answer: number, steps: 50, overlap: 10}
model: {hidden: 8}
train: {loss: mae, lr: 2.0e-2, batch_size: 2, epochs: 6, patience: null}
"""


def move_rows(walks, *, seed=0, label=True):
    """A noisy level that tells rest from run only over some rows; one label in ten is not given."""
    draw = np.random.default_rng(seed)
    rows = []
    for walk in range(walks):
        length = draw.integers(25, 40)
        runs = np.cumsum(draw.random(length) < 0.15) % 2
        x = runs + draw.normal(0, 0.8, length)
        names = np.where(draw.random(length) < 0.1, "", np.where(runs, "run", "rest"))
        rows += [
            f"w{walk},{step},{value:.3f}" + (f",{name}" if label else "")
            for step, (value, name) in enumerate(zip(x, names, strict=True))
        ]
    return "\n".join(["walk,step,x" + (",state" if label else ""), *rows]) + "\n"


def load_rows(count=500):
    """The mean of x over eight days; every seventh is not known."""
    draw = np.random.default_rng(3)
    x = draw.normal(5, 2, count)
    total = np.convolve(x, np.full(8, 1 / 8))[:count]
    days = np.datetime64("2024-01-01") + np.arange(count)
    cells = ["" if place % 7 == 3 else f"{value:.4f}" for place, value in enumerate(total)]
    rows = [f"{day},{a:.4f},{b}" for day, a, b in zip(days, x, cells, strict=True)]
    return "\n".join(["day,x,sum", *rows]) + "\n"


@pytest.fixture(scope="module")
def moves(tmp_path_factory):
    """A folder with a finished run that labels rows of many series; do not change it."""
    place = tmp_path_factory.mktemp("moves")
    (place / "moves.csv").write_text(move_rows(40))
    (place / "moves.yaml").write_text(RECIPE)
    train(place / "moves.yaml", run_dir=place / "run")
    return place


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """A folder with a finished run that says a number of each row of one series."""
    place = tmp_path_factory.mktemp("load")
    (place / "load.csv").write_text(load_rows())
    (place / "load.yaml").write_text(ONE)
    train(place / "load.yaml", run_dir=place / "run")
    return place


def opened(folder, split="test"):
    return with_table(open_checkpoint(folder / "run/best.pt"), judged=split)


# --- labels in tables ------------------------------------------------------------------------
TEXT = b"t,x,state\n1,1.0,on\n2,2.0,\n3,3.0,NA\n5,4.0,off\n6,5.0,on\n"


def test_labels_follow_their_rows_and_gaps_stay_gaps():
    recipe = load_recipe_of("data.missing=forward")
    panel = read_panel(recipe.data, TEXT, judged=Judged(words=("state",)))
    assert panel.words["state"] == ("on", "off")
    assert panel.values[:, 0].tolist() == [1, 2, 3, 3, 4, 5]
    np.testing.assert_array_equal(panel.marks["state"], [0, np.nan, np.nan, np.nan, 1, 0])


def load_recipe_of(*overrides):
    data = {"path": "f.csv", "time": "t", "past": ["x"]}
    data |= {key.removeprefix("data."): value for key, value in (o.split("=") for o in overrides)}
    return recipe_from_mapping(
        {"name": "a", "data": data, "task": {"kind": "label", "label": "state"}}
    )


@pytest.mark.parametrize("text", [TEXT, TEXT.replace(b"on\n2", b'"on"\n2')], ids=["fast", "strict"])
def test_only_columns_of_labels_may_have_empty_cells(text):
    wanted = Wanted("t", columns=("x",), texts=("state",))
    table = parse_table(text, replace(wanted, sparse=("state",)), source="f")
    assert [table.texts[0].words[code] for code in table.texts[0].codes] == [
        "on",
        "",
        "NA",
        "off",
        "on",
    ]
    with pytest.raises(DataError, match=r"f:3: column 'state': no text"):
        parse_table(text, wanted, source="f")


def test_labels_of_a_frame_are_those_of_its_csv():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"t": [1, 2], "x": [1.0, 2.0], "state": ["on", None]})
    wanted = Wanted("t", columns=("x",), texts=("state",), sparse=("state",))
    column = read_frame(frame, wanted, source="f")
    assert [column.texts[0].words[code] for code in column.texts[0].codes] == ["on", ""]


# --- the model and the loss ------------------------------------------------------------------
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_truncation_changes_gradients_and_no_outputs(cell):
    torch.manual_seed(0)
    model = SequenceModel(2, 3, hidden=4, cell=cell, layers=2, each_step=True, tbptt_steps=3)
    values, lengths = torch.randn(3, 8, 2, requires_grad=True), torch.tensor([5, 8, 3])
    whole = model.eval()(values, lengths)
    chunked = model.train()(values, lengths)
    torch.testing.assert_close(chunked, whole)
    chunked[1, 6].sum().backward()
    reached = values.grad.abs().sum(dim=-1) > 0
    assert reached[1].tolist() == [False] * 6 + [True] + [False]
    assert not reached[[0, 2]].any()


@pytest.mark.parametrize("settings", [{}, {"each_step": True, "bidirectional": True}])
def test_truncation_excludes_what_needs_the_whole_sequence(settings):
    with pytest.raises(ValueError, match="tbptt_steps: excludes bidirectional"):
        SequenceModel(2, 3, tbptt_steps=3, **settings)


def test_the_loss_leaves_out_steps_without_a_class():
    torch.manual_seed(0)
    logits, truth = torch.randn(2, 3, 4), torch.tensor([[0, -1, 3], [-1, 2, -1]])
    loss, count = cross_entropy_of_known(logits, truth, weights_K=None, smoothing=0.0)
    chances = logits.log_softmax(dim=-1)
    expected = -(chances[0, 0, 0] + chances[0, 2, 3] + chances[1, 1, 2]) / 3
    assert (float(loss), count) == (pytest.approx(float(expected)), 3)
    loss, count = cross_entropy_of_known(
        logits, -torch.ones_like(truth), weights_K=None, smoothing=0
    )
    assert (float(loss), count) == (0.0, 0.0)


# --- pieces ----------------------------------------------------------------------------------
def test_every_row_is_labelled_once_and_pieces_do_not_read_ahead_of_their_part(load):
    table = opened(load)
    panel, data = table.panel, table.data
    for split, start, stop in (("train", 0, 300), ("valid", 300, 400), ("test", 400, 500)):
        pieces = data.samples(split)
        index = torch.arange(len(pieces))
        rows, is_labelled = pieces.labelled(index)
        assert rows[is_labelled].tolist() == list(range(start, stop))
        assert int(pieces.first[0]) == max(0 if split == "train" else start - 10, 0)
        assert int((pieces.first + pieces.lengths).max()) <= stop
        unknown = np.isnan(panel.marks["sum"][rows.numpy()]) | ~is_labelled.numpy()
        np.testing.assert_array_equal(np.isnan(pieces.truth(index)[..., 0].numpy()), unknown)


def test_what_is_said_of_a_row_is_what_a_loop_over_single_pieces_says(load):
    numbers, table = predict(load / "run/best.pt"), opened(load, "all")
    panel, facts, model = table.panel, table.learned.facts["answer"], table.model.eval()
    scaled = torch.from_numpy(table.learned.scaler.scale(panel.values)).float()
    expected = []
    for begin in range(0, 500, 50):
        first = max(0, begin - 10)
        with torch.no_grad():
            said = model(scaled[None, first : begin + 50], torch.tensor([begin + 50 - first]))
        expected += said[0, begin - first :, 0].tolist()
    expected = np.array(expected) * facts["spread"][0] + facts["center"][0]
    np.testing.assert_allclose(numbers.values, expected, rtol=1e-5)
    assert (numbers.time, numbers.timestamps[0], len(numbers.timestamps)) == (
        "day",
        "2024-01-01",
        500,
    )


# --- scores ----------------------------------------------------------------------------------
def test_scores_of_classes_are_those_of_numpy_on_rows_with_a_label(moves):
    scores, labels = evaluate(moves / "run/best.pt"), predict(moves / "run/best.pt")
    table = opened(moves)
    panel, places = table.panel, table.data.parts["test"]
    names = np.array([*panel.words["state"], ""])
    rows = np.concatenate([np.arange(*panel.bounds[place : place + 2]) for place in places])
    marks = panel.marks["state"][rows]
    truth = names[np.where(np.isnan(marks), -1, marks).astype(int)]
    said, chances = np.array(labels.labels)[rows], np.array(labels.probabilities)[rows]
    known = truth != ""
    assert (scores.rows, scores.sequences) == (known.sum(), 8)
    assert scores.model.accuracy == pytest.approx((said == truth)[known].mean())
    of_truth = np.where(truth == "rest", chances[:, 0], chances[:, 1])[known]
    assert scores.model.log_loss == pytest.approx(-np.log(of_truth).mean())
    assert sum(map(sum, scores.confusion)) == scores.rows
    assert scores.model.accuracy > scores.baselines["majority"].accuracy + 0.1
    assert set(scores.baselines) == {"majority", "ridge"}


def test_scores_of_numbers_are_those_of_numpy_on_rows_with_a_number(load):
    scores, numbers = evaluate(load / "run/best.pt"), predict(load / "run/best.pt")
    truth = opened(load).panel.marks["sum"][400:]
    known = ~np.isnan(truth)
    error = (np.array(numbers.values)[400:] - truth)[known]
    assert scores.rows == known.sum()
    assert scores.model.rmse == pytest.approx(np.sqrt(np.mean(error**2)))
    assert scores.model.rmse < scores.baselines["mean"].rmse


def test_ridge_sees_a_row_and_those_before_it_and_none_of_another_series(moves):
    table = opened(moves)
    scaled, panel = table.data.tensors.scaled.numpy(), table.panel
    seen = Lagged(panel, scaled)
    first = int(panel.bounds[1])
    assert seen.of(np.array([first]))[0].tolist() == [scaled[first, 0]] * 5 + [1.0]
    late = seen.of(np.array([first + 7]))[0, :5]
    assert late.tolist() == scaled[first + 7 : first + 2 : -1, 0].tolist()
    rows = np.arange(len(scaled))
    truth = seen.of(rows) @ np.arange(6.0)[:, None]
    told = Told(rows, truth)
    found = fit_ridge(seen, told, told, lambda said, of: float(np.square(said - of).sum()))
    np.testing.assert_allclose(found[:, 0], np.arange(6.0), atol=1e-3)


# --- the verbs -------------------------------------------------------------------------------
def test_a_row_is_written_for_each_time_with_label_and_probabilities(moves, capsys):
    (moves / "new.csv").write_text(move_rows(2, seed=9, label=False))
    done = verb(capsys, "predict", moves / "run/best.pt", moves / "new.csv")
    header, *rows = csv.reader(io.StringIO(done.out))
    assert header == ["walk", "step", "state", "p_rest", "p_run"]
    given = (moves / "new.csv").read_text().splitlines()[1:]
    assert [",".join(row[:2]) for row in rows] == [row.rpartition(",")[0] for row in given]
    for row in rows:
        chances = list(map(float, row[3:]))
        assert row[2] == header[3 + np.argmax(chances)].removeprefix("p_")
        assert all(map(has_digits_of_float32, row[3:]))


def test_scores_of_rows_are_shown_and_checked(moves, load, capsys):
    done = verb(capsys, "eval", moves / "run", "--fail-if", "ridge.accuracy<2")
    assert done.code == 6
    assert "rows of 8 sequences of 2 classes" in done.out
    told = json.loads(verb(capsys, "eval", load / "run", "--json").out)
    assert (told["kind"], told["rows"]) == ("NumberScores", 86)


def test_every_matrix_of_a_tagger_can_be_inspected_and_steps_ahead_are_refused(moves, capsys):
    done = verb(capsys, "inspect-weights", moves / "run", "--history")
    assert (done.code, done.err) == (0, "")
    with pytest.raises(UsageError, match="--horizon 3: the model says the label of each row"):
        predict(moves / "run", horizon=3)


# --- training --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "settings",
    [
        ["model.bidirectional=true", "task.steps=12", "task.overlap=4", "data.scale=robust"],
        ["train.tbptt_steps=6", "model.cell=lstm", "task.class_weights=balanced"],
        ["model.layer_norm=ba2016", "train.recompute_steps=5", "task.label_smoothing=0.1"],
        ["data.split.by=time", "model.cell=rnn", "model.layer_norm=sum", "train.refit=true"],
    ],
    ids=" ".join,
)
def test_directions_cells_layer_norms_and_truncation_go_together(moves, tmp_path, settings):
    finished = train(moves / "moves.yaml", [*settings, "train.epochs=2"], run_dir=tmp_path / "run")
    assert np.isfinite(finished.best_valid_loss)
    assert len(predict(finished.best_path).labels) == len(move_rows(40).splitlines()) - 1


def test_a_resumed_tagger_is_that_of_an_uninterrupted_run(moves, tmp_path):
    recipe = load_recipe(moves / "moves.yaml", ["train.epochs=2", "train.tbptt_steps=9"])
    resumed, whole = resumed_and_whole(recipe, tmp_path, steps=5)
    assert resumed == whole


def test_the_test_part_may_be_a_table_of_its_own_with_other_words_first(moves, tmp_path):
    header, *rows = move_rows(6, seed=5).splitlines()
    rows.sort(key=lambda row: (row.split(",")[0] != "w3", row.split(",")[0]))
    (tmp_path / "apart.csv").write_text("\n".join([header, *rows]) + "\n")
    settings = [f"data.split.test={tmp_path / 'apart.csv'}", "train.epochs=1"]
    finished = train(moves / "moves.yaml", settings, run_dir=tmp_path / "run")
    alone = evaluate(finished.best_path, str(tmp_path / "apart.csv"))
    assert finished.scores.sequences == 6
    assert alone.model == finished.scores.model
    assert alone.confusion == finished.scores.confusion


def test_a_class_that_was_not_trained_on_is_named_with_its_time(moves, tmp_path):
    rows = move_rows(4).splitlines()
    rows[3] = rows[3].rpartition(",")[0] + ",jump"
    (tmp_path / "odd.csv").write_text("\n".join(rows) + "\n")
    what = "column 'state': 'jump' at 2 in series 'w0'; expected a class that was trained on: rest"
    with pytest.raises(DataError, match=what):
        evaluate(moves / "run", str(tmp_path / "odd.csv"), split="all")


def test_a_column_without_a_label_is_nothing_to_learn(moves, tmp_path):
    rows = [row.rpartition(",")[0] + "," for row in move_rows(12).splitlines()[1:]]
    (tmp_path / "none.csv").write_text("\n".join(["walk,step,x,state", *rows]) + "\n")
    with pytest.raises(DataError, match="column 'state': no label in the training part"):
        train(moves / "moves.yaml", [f"data.path={tmp_path / 'none.csv'}"], run_dir=tmp_path / "r")


# --- recipes ---------------------------------------------------------------------------------
WRONG = {
    "data.target=z": "data.target: found z with task.kind label",
    "data.regularise=true": "data.regularise: found true with",
    "model.pooling=mean": "model.pooling: found mean with task.kind label",
    "train.loss=mae": "train.loss: found mae with task.answer class; its loss is",
    "data.transform=log": "data.transform: found log with task.answer class",
    "task.overlap=3": "task.overlap: found 3 with task.steps null",
    "task.answer=text": 'task.answer: found the text "text"; expected one of class, number',
    "data.split.train=5": "data.split.train: found 5 with task.kind label; expected null",
}


@pytest.mark.parametrize(("override", "what"), WRONG.items(), ids=WRONG)
def test_what_makes_no_sense_for_labels_of_rows_is_refused_at_its_place(
    override, what, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert errors_of(RECIPE, override)[0].startswith(f"--set {override}: {what}")


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("task.class_weights=balanced", "task.class_weights: found balanced with task.answer num"),
        ("train.tbptt_steps=60", "train.tbptt_steps: found 60; expected less than task.steps and"),
        ("train.recompute_steps=60", "train.recompute_steps: found 60; expected less than task.st"),
        ("data.split.seed=3", "data.split.seed: found 3 with task.kind label; its spans are cut"),
        ("data.split.column=z", "data.split.column: found z with task.kind label; its spans are"),
    ],
)
def test_what_makes_no_sense_for_numbers_of_one_series_is_refused(
    override, what, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert errors_of(ONE, override)[0].startswith(f"--set {override}: {what}")
