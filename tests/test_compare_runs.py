"""Runs side by side: the best first, and where their recipes differ."""

import json

import pytest
import torch

from grucli import train
from grucli.cli.app import run
from grucli.errors import CheckpointError, UsageError
from grucli.runs.comparing import compare
from tests.conftest import RECIPE, write_wave

SETTINGS = {"small": ["model.hidden=2"], "fast": ["train.lr=0.03"], "plain": []}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with runs/small, runs/fast and runs/plain."""
    place = tmp_path_factory.mktemp("compared")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    for name, settings in SETTINGS.items():
        train(place / "wave.yaml", [*settings, "train.epochs=2"], run_dir=place / "runs" / name)
    return place / "runs"


def test_the_best_run_stands_first(runs):
    found = compare([str(runs)])
    scores = [run.scores["mase"] for run in found.runs]
    assert found.sorted_by == "mase"
    assert scores == sorted(scores)
    assert {run.run for run in found.runs} == {str(runs / name) for name in SETTINGS}


def test_keys_that_differ_are_told_with_the_value_of_each(runs):
    found = compare([str(runs / "small"), str(runs / "plain" / "best.pt")])
    assert set(found.differences) == {"model.hidden"}
    places = [run.run for run in found.runs]
    hidden = dict(zip(places, found.differences["model.hidden"], strict=True))
    assert hidden == {str(runs / "small"): 2, str(runs / "plain"): 8}


def test_a_key_that_an_older_recipe_does_not_have_is_as_it_is_by_default(runs, tmp_path):
    older = torch.load(runs / "plain" / "best.pt", weights_only=True)
    del older["recipe"]["model"]["skip"], older["recipe"]["train"]["average"]
    torch.save(older, tmp_path / "older.pt")
    found = compare([str(runs / "plain"), str(tmp_path / "older.pt")])
    assert found.differences == {}


def test_sizes_and_times_are_those_of_the_run(runs):
    (found,) = compare([str(runs / "plain")]).runs
    last = json.loads((runs / "plain" / "metrics.jsonl").read_text().splitlines()[-1])
    assert found.seconds == last["elapsed_seconds"]
    assert found.scores == last["scores"]["model"]
    assert found.bytes == (runs / "plain" / "best.pt").stat().st_size
    assert (found.is_finished, found.epoch, found.kind) == (True, 2, "forecast")


def test_runs_that_were_not_scored_are_sorted_by_their_validation_loss(runs):
    found = compare([str(runs / name / "last.pt") for name in SETTINGS])
    losses = [run.valid_loss for run in found.runs]
    assert found.sorted_by == "valid_loss"
    assert losses == sorted(losses)


def test_without_an_argument_it_is_the_runs_here(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs.parent)
    assert run(["compare"]) == 0
    shown = capsys.readouterr().out
    assert "3 runs, the best mase first" in shown
    assert "model.hidden: " in shown
    assert "2 (runs/small)" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert run(["compare", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "RunComparison"


def test_a_damaged_run_is_named_where_it_is_and_refused_where_it_was_asked_for(runs, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "best.pt").write_bytes(b"nothing")
    (tmp_path / "good").symlink_to(runs / "plain")
    found = compare([str(tmp_path)])
    assert [run.name for run in found.runs] == ["wave"]
    assert "bad/best.pt" in found.notes[0]
    with pytest.raises(CheckpointError):
        compare([str(tmp_path / "bad")])


def test_a_folder_without_runs_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="runs: no run here"):
        compare()
