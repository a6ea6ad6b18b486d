"""Training followed in TensorBoard and Trackio, with the numbers of the run's own log."""

import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from grucli.checkpoint import load_checkpoint
from grucli.errors import GrucliError, InterruptedRunError, UsageError
from grucli.recipe import load_recipe
from grucli.runs import saving, training
from grucli.runs.watching import watchers
from tests.conftest import grucli
from tests.test_runs_training import STEPS_PER_EPOCH, metrics_of, stopping_after

SETTINGS = ("model.layers=1", "model.dropout=0")


def train(folder, name, *trackers, **options):
    """Train into runs/NAME, followed by trackers."""
    recipe = load_recipe(str(folder / "wave.yaml"), SETTINGS)
    place = folder / "runs" / name
    observers = watchers([*trackers], run=place, cell="gru")
    list(training.train(recipe, run_dir=place, observers=observers, **options))
    return place


def events(folder):
    """What the event files of a folder hold."""
    read = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    return read.Reload()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_has_every_epoch_once_also_after_a_resume(folder):
    with pytest.raises(InterruptedRunError):
        train(folder, "mine", "tensorboard", stop=stopping_after(2 * STEPS_PER_EPOCH + 4))
    run = train(folder, "mine", "tensorboard", resume=True)
    rows = [row for row in metrics_of(run) if row["kind"] == "Epoch"]
    written = events(folder / "runs" / "tensorboard" / "mine")
    for tag, key in (("loss/train", "train_loss"), ("loss/validation", "valid_loss")):
        found = [(point.step, point.value) for point in written.Scalars(tag)]
        assert [step for step, _ in found] == [row["step"] for row in rows]
        assert [value for _, value in found] == pytest.approx([row[key] for row in rows])
    ratios = written.Scalars("update ratio/W_hn layer 0 forward")
    gates = {gate["matrix"]: gate for gate in rows[-1]["gates"]}
    assert ratios[-1].value == pytest.approx(gates["W_hn"]["update_ratio"])
    histogram = written.Histograms("weights/W_hn layer 0 forward")[-1].histogram_value
    last = load_checkpoint(run / "last.pt").weights["recurrent.weight_hh_l0"][-8:]
    assert histogram.num == last.size
    assert histogram.sum == pytest.approx(last.sum(), rel=1e-4)


def test_trackio_keeps_the_numbers_and_norms_on_this_machine(folder, monkeypatch, capfd):
    monkeypatch.setenv("TRACKIO_DIR", str(folder / "kept"))
    import trackio.utils

    monkeypatch.setattr(trackio.utils, "TRACKIO_DIR", folder / "kept")
    run = train(folder, "mine", "trackio")
    assert capfd.readouterr().out == ""
    rows = [row for row in metrics_of(run) if row["kind"] == "Epoch"]
    (database,) = (folder / "kept").rglob("*.db")
    with sqlite3.connect(database) as kept:
        names = [name for (name,) in kept.execute("select name from sqlite_master")]
    assert "metrics" in names
    with sqlite3.connect(database) as kept:
        steps = kept.execute("select step from metrics order by step").fetchall()
    assert [step for (step,) in steps] == [row["step"] for row in rows]


@pytest.mark.parametrize(("rate", "code"), [("0.01", 0), ("1e30", 5)])
def test_trackio_says_nothing_where_a_run_ends_well_or_not(folder, rate, code):
    words = ["train", "wave.yaml", "--quiet", "--set", f"train.lr={rate}"]
    kept = {**os.environ, "TRACKIO_DIR": str(folder / "kept")}
    done = grucli(*words, "--watch", "trackio", cwd=folder, env=kept)
    assert done.returncode == code
    assert [line[:6] for line in done.stderr.splitlines()] == ["error:"] * (code > 0)
    alone = grucli(*words, "--overwrite", cwd=folder)
    assert done.stdout == alone.stdout


TWO_RUNS = """
import sys
from pathlib import Path
from grucli import train
from grucli.errors import TrainingError
from grucli.runs.watching import watchers

for name, settings in (("bad", {"train.lr": 1e30}), ("good", {"train.epochs": 1})):
    try:
        train("wave.yaml", run_dir=name, overrides=[f"{k}={v}" for k, v in settings.items()],
              observers=watchers(["trackio"], run=Path(name), cell="gru"))
    except TrainingError:
        print(name)
"""


def test_trackio_says_nothing_of_a_run_that_failed_before_another(folder):
    kept = {**os.environ, "TRACKIO_DIR": str(folder / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", TWO_RUNS],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "bad\n", "")


def test_a_tracker_that_there_is_not_is_refused_before_anything_is_written(folder, monkeypatch):
    done = grucli("train", "wave.yaml", "--watch", "wandb", cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--watch wandb: unknown; expected tensorboard or trackio" in done.stderr
    assert not (folder / "runs").exists()
    monkeypatch.setitem(sys.modules, "trackio", None)
    with pytest.raises(
        UsageError, match=r"package trackio is not installed; pip install 'grucli\[trackio\]'"
    ):
        watchers(["trackio"], run=folder, cell="gru")


def test_a_run_that_was_watched_goes_on_unwatched(folder):
    with pytest.raises(InterruptedRunError):
        train(folder, "mine", "tensorboard", stop=stopping_after(STEPS_PER_EPOCH + 2))
    run = train(folder, "mine", resume=True)
    alone = train(folder, "alone")
    assert np.array_equal(
        *(
            load_checkpoint(place / "best.pt").weights["recurrent.weight_hh_l0"]
            for place in (run, alone)
        )
    )


@pytest.mark.parametrize("name", ["tensorboard", "tensorboard/mine"])
def test_a_file_where_events_go_is_named_before_anything_is_written(folder, name):
    (folder / "runs" / name).parent.mkdir(parents=True)
    (folder / "runs" / name).write_text("mine")
    with pytest.raises(GrucliError) as caught:
        train(folder, "mine", "tensorboard")
    assert str(caught.value) == (
        f"{folder}/runs/tensorboard/mine: cannot be used as a folder for --watch tensorboard: "
        f"{folder}/runs/{name} is a file; choose another place with --run-dir"
    )
    assert not (folder / "runs" / "mine").exists()


@pytest.mark.parametrize(
    ("epochs", "then"), [(1, "then run it again"), (2, "then go on with --resume")]
)
def test_events_that_a_full_disk_does_not_take_are_told(folder, monkeypatch, epochs, then):
    from torch.utils.tensorboard import SummaryWriter

    calls = []

    def full(writer):
        calls.append(writer)
        if len(calls) == epochs:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(SummaryWriter, "flush", full)
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)
    with pytest.raises(GrucliError) as caught:
        train(folder, "mine", "tensorboard")
    assert str(caught.value) == (
        f"{folder}/runs/tensorboard/mine: --watch tensorboard could not write: No space left on "
        f"device; free space or leave --watch out, {then}"
    )
    monkeypatch.undo()
    train(folder, "mine", **({"resume": True} if "resume" in then else {"overwrite": True}))
