"""When the checkpoints of a run are written, and that nothing is lost by waiting."""

import json

import pytest

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.errors import TrainingError
from grucli.runs import run_files, saving, states, training_run
from grucli.training.loop import fit


@pytest.fixture
def written(monkeypatch):
    """Names of the checkpoints written, in their order."""
    names = []

    def save(checkpoint, path):
        names.append(path.name)
        save_checkpoint(checkpoint, path)

    save_checkpoint = saving.save_checkpoint
    for module in (saving, states):
        monkeypatch.setattr(module, "save_checkpoint", save)
    return names


def test_short_epochs_are_saved_together_and_the_last_one_always(folder, written, monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 1e9)
    train(folder / "wave.yaml", ["train.epochs=6"], run_dir=folder / "run")
    assert written.count("last.pt") == 2  # after the first epoch and after the last
    assert load_checkpoint(folder / "run" / "last.pt").progress["epoch"] == 6


def test_long_epochs_are_saved_one_by_one(folder, written, monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)
    train(folder / "wave.yaml", ["train.epochs=6"], run_dir=folder / "run")
    assert written.count("last.pt") == 6


def test_the_best_weights_are_saved_when_training_fails(folder, monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 1e9)

    def failing(state, *spans):
        for event in fit(state, *spans):
            yield event
            if state.epoch == 4:
                best.append({name: value.clone() for name, value in state.best.weights.items()})
                raise TrainingError("the loss is not finite")

    best = []
    monkeypatch.setattr(training_run, "fit", failing)
    with pytest.raises(TrainingError):
        train(folder / "wave.yaml", ["train.epochs=6"], run_dir=folder / "run")
    saved = load_checkpoint(folder / "run" / "best.pt")
    assert saved.progress["best_epoch"] > 1
    for name, value in best[0].items():
        assert (saved.weights[name] == value.numpy()).all()


def test_a_run_killed_between_two_saves_goes_on_as_if_undisturbed(folder, monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 1e9)
    overrides = ["train.epochs=6"]
    train(folder / "wave.yaml", overrides, run_dir=folder / "whole")

    def killed():
        log = folder / "parts" / "metrics.jsonl"
        if log.exists() and len(log.read_text().splitlines()) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder / "wave.yaml", overrides, run_dir=folder / "parts", stop=killed)
    assert load_checkpoint(folder / "parts" / "last.pt").progress["epoch"] == 1
    train(folder / "wave.yaml", overrides, run_dir=folder / "parts", resume=True)
    for name in ("best.pt", "last.pt"):
        parts, whole = (load_checkpoint(folder / run / name) for run in ("parts", "whole"))
        for weight, values in whole.weights.items():
            assert (parts.weights[weight] == values).all()
    for name in ("metrics.jsonl", "weights.jsonl"):
        rows = [(folder / run / name).read_text().splitlines() for run in ("parts", "whole")]
        assert len(rows[0]) == len(rows[1])


def test_the_lines_of_an_epoch_lie_on_the_disk_before_the_state_that_builds_on_them(
    folder, monkeypatch
):
    def synced(path):
        known[path.name] = path.read_bytes()
        sync(path)

    def save(state, place):
        epochs = load_lines(known["metrics.jsonl"], "epoch")
        assert epochs == list(range(1, state.progress["epoch"] + 1))
        saved.append(state)
        save_state(state, place)

    known, saved, sync, save_state = {}, [], run_files.sync, saving.save_state
    monkeypatch.setattr(run_files, "sync", synced)
    monkeypatch.setattr(saving, "save_state", save)
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)
    train(folder / "wave.yaml", run_dir=folder / "run")
    assert len(saved) == 3


def load_lines(content, key):
    return [json.loads(line)[key] for line in content.splitlines()]


def test_a_start_clears_what_a_killed_one_left(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    for name in (".best.pt.k3_9zqab.tmp", ".recipe.yaml.k3_9zqab.tmp", ".report.html.k3_9zqab.tmp"):
        (folder / "run" / name).write_bytes(b"half")
    train(folder / "wave.yaml", run_dir=folder / "run", resume=True)
    assert not list((folder / "run").glob(".*"))
