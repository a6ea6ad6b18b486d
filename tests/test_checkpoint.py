"""Checkpoints: what is written reads back, and what does not fit is refused before it is used."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli import evaluate, inspect_weights, predict
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.errors import CheckpointError
from grucli.forms import Number, faults_of, form_of
from grucli.runs.inspection import compare
from tests.conftest import REPOSITORY, grucli


@pytest.fixture
def saved(trained):
    return load_checkpoint(trained / "run" / "best.pt")


def test_a_checkpoint_reads_back_as_it_was_written(saved, tmp_path):
    save_checkpoint(saved, tmp_path / "copy.pt")
    again = load_checkpoint(tmp_path / "copy.pt")
    assert again.recipe == saved.recipe
    assert again.scaler == saved.scaler
    assert all((again.weights[name] == saved.weights[name]).all() for name in saved.weights)


def test_what_normalisations_divide_by_is_kept_and_older_files_do_without(saved, tmp_path):
    moments = saved.deviations
    assert moments.keys() == {"start", "start_of_few", "now"}
    assert moments["start"].keys() == moments["now"].keys() >= {"0.update.hh", "1.candidate.ih"}
    assert moments["start"] != moments["now"]
    save_checkpoint(saved, tmp_path / "old.pt")
    body = torch.load(tmp_path / "old.pt", weights_only=True)
    former = body | body.pop("task")["facts"] | {"format_version": 1}
    del former["calibration"]
    del former["deviations"], former["season_reason"]
    torch.save(former, tmp_path / "old.pt")
    assert load_checkpoint(tmp_path / "old.pt").deviations == {}


def broken_weight(value):
    def change(saved):
        array = saved.weights["recurrent.weight_hh_l0"].copy()
        array[3, 5] = value
        return replace(saved, weights=saved.weights | {"recurrent.weight_hh_l0": array})

    return change


def with_model(**changes):
    def change(saved):
        return replace(saved, recipe=saved.recipe | {"model": saved.recipe["model"] | changes})

    return change


def with_data(**changes):
    def change(saved):
        return replace(saved, recipe=saved.recipe | {"data": saved.recipe["data"] | changes})

    return change


FAULTS = [
    (with_data(static=0.5), r"recipe\.data\.static: 0\.5; expected a list"),
    (with_data(past=True), r"recipe\.data\.past: True; expected a list"),
    (with_data(calendar={}), r"recipe\.data\.calendar: .*; expected a list"),
    (broken_weight(np.nan), r"recurrent\.weight_hh_l0\[3, 5\] is nan"),
    (broken_weight(np.inf), r"recurrent\.weight_hh_l0\[3, 5\] is inf"),
    (
        lambda saved: replace(saved, weights={n: a.astype(int) for n, a in saved.weights.items()}),
        "expected a float32 or float64 tensor",
    ),
    (lambda saved: replace(saved, weights={}), "holds no weights"),
    (
        lambda saved: replace(
            saved, weights={n: a for n, a in saved.weights.items() if n != "decoder.bias"}
        ),
        r"decoder\.bias: shape missing",
    ),
    (with_model(hidden=9), "its recipe expects"),
    (with_model(hidden=60_000), "its recipe expects"),
    (with_model(cell="lstm", layer_norm="none"), "its recipe expects"),
    (with_model(hiden=8), r"model\.hiden: unknown key"),
]


@pytest.mark.parametrize(("fault", "says"), FAULTS)
def test_a_checkpoint_that_does_not_fit_is_refused(saved, tmp_path, fault, says):
    save_checkpoint(fault(saved), tmp_path / "bad.pt")
    with pytest.raises(CheckpointError, match=says) as caught:
        predict(tmp_path / "bad.pt")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format_version": 99}, "checkpoint format 99"),
        ({"format": "other"}, "not a grucli checkpoint"),
        ({"extra": 1}, "unexpected entries: extra"),
    ],
)
def test_another_format_is_named(trained, tmp_path, change, says):
    body = torch.load(trained / "run" / "best.pt", weights_only=True)
    torch.save(body | change, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=says):
        evaluate(tmp_path / "other.pt")


def test_a_file_that_would_run_code_runs_none_in_any_verb(tmp_path):
    class Canary:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    torch.save({"weights": Canary()}, tmp_path / "evil.pt")
    for verb in ("eval", "predict", "inspect-weights"):
        done = grucli(verb, tmp_path / "evil.pt")
        assert done.returncode == 4
        assert "weights_only=False" not in done.stderr
    assert not (tmp_path / "canary").exists()


FORMER = REPOSITORY / "tests" / "checkpoints"
"""Files of format 1, and what the grucli that wrote them made of the wave of tests/conftest.py."""

NEWER = FORMER / "expected_3.json"
EXPECTED = json.loads((FORMER / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_files_of_format_1_give_what_they_gave(folder, name):
    path, expected = FORMER / f"{name}_1.pt", EXPECTED[name]
    assert torch.load(path, weights_only=True)["format_version"] == 1
    forecast = predict(path, folder / "wave.csv")
    scores = evaluate(path, folder / "wave.csv")
    assert forecast.values["level"] == pytest.approx(expected["forecast"], rel=1e-5)
    assert scores.model.rmse == pytest.approx(expected["rmse"], rel=1e-5)
    assert scores.model.mase == pytest.approx(expected["mase"], rel=1e-5)
    assert scores.baselines["ridge"].rmse == pytest.approx(expected["ridge"], rel=1e-5)
    assert scores.season_steps == expected["season"]
    assert inspect_weights(path).recipe["name"] == name


def test_a_file_of_format_3_gives_what_it_gave(folder):
    path, expected = FORMER / "gru_calibrated_3.pt", json.loads(NEWER.read_text())
    assert torch.load(path, weights_only=True)["format_version"] == 3
    scores = evaluate(path, folder / "wave.csv", levels=[80])
    (wanted,) = expected.values()
    assert list(load_checkpoint(path).members) == []
    assert predict(path, folder / "wave.csv").values["level"] == pytest.approx(wanted["forecast"])
    assert scores.model.rmse == pytest.approx(wanted["rmse"])
    assert scores.intervals[0].coverage == wanted["coverage"]


def test_a_file_of_format_1_written_again_is_one_of_format_4(tmp_path):
    former = load_checkpoint(FORMER / "gru_split_1.pt")
    save_checkpoint(former, tmp_path / "again.pt")
    body = torch.load(tmp_path / "again.pt", weights_only=True)
    assert body["format_version"] == 4
    assert body["calibration"] is None
    assert body["task"]["kind"] == "forecast"
    assert body["task"]["facts"].keys() == {"season_steps", "naive_mae"}
    assert not {"season_steps", "naive_mae"} & body.keys()


def test_files_of_two_formats_that_hold_the_same_differ_in_nothing(tmp_path):
    save_checkpoint(load_checkpoint(FORMER / "lstm_1.pt"), tmp_path / "again.pt")
    compared = compare(FORMER / "lstm_1.pt", tmp_path / "again.pt")
    assert compared.differences == {}
    assert all(change.relative_change == 0 for change in compared.changes)


def test_texts_that_belong_to_no_category_of_the_recipe_are_refused(saved, tmp_path):
    changed = replace(
        saved,
        recipe=saved.recipe | {"data": saved.recipe["data"] | {"past": ["x"], "categories": ["x"]}},
    )
    save_checkpoint(changed, tmp_path / "changed.pt")
    with pytest.raises(
        CheckpointError, match="texts of no column; its recipe has the categories x;"
    ):
        predict(tmp_path / "changed.pt")


def test_a_form_that_is_seen_in_a_value_keeps_whole_numbers_whole():
    form = form_of({"step": 3, "loss": 0.5, "done": False})
    assert not list(faults_of(form, {"step": 4, "loss": 1, "done": True}, "state"))
    for wrong in ({"step": 2.5}, {"step": True}, {"step": -1}, {"loss": "x"}, {"done": 1}):
        found = list(faults_of(form, {"step": 4, "loss": 1.0, "done": True} | wrong, "state"))
        assert len(found) == 1, wrong
        assert found[0].startswith(f"state.{next(iter(wrong))}: ")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (Number(), "a number"),
        (Number(least=0), "a number from 0"),
        (Number(most=1), "a number to 1"),
        (Number(least=1, most=9, whole=True), "a whole number from 1 to 9"),
    ],
)
def test_what_is_expected_of_a_number_names_its_ends(number, words):
    assert number.words == words
