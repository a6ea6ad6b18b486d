"""``train.skip_not_finite``: steps that are not finite are left out, counted, and bounded."""

import numpy as np
import pytest
import torch

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.errors import CheckpointError, InterruptedRunError, TrainingError
from grucli.recipe import load_recipe
from grucli.results import Epoch
from grucli.runs.folder import RunFolder
from grucli.runs.training_run import TrainingRun
from grucli.tasks.forecast.objective import ForecastObjective
from grucli.training.progress import Training
from tests.conftest import verb
from tests.test_runs_training import metrics_of, stopping_after, weights_of

SKIP = "train.skip_not_finite"


@pytest.fixture
def spoil(monkeypatch):
    """Make losses of chosen windows what is asked, wherever these come in an epoch's order."""

    def begin(windows, value=float("nan")):
        gathered = []

        def noted(self, samples):
            gathered[:] = samples.tolist()
            return gather(self, samples)

        def spoiled(self, batch, *, epoch):
            loss, count = honest(self, batch, epoch=epoch)
            is_spoiled = any(window in windows for window in gathered)
            return (loss * value if is_spoiled else loss), count

        monkeypatch.setattr(ForecastObjective, "gather", noted)
        monkeypatch.setattr(ForecastObjective, "loss", spoiled)

    honest, gather = ForecastObjective.loss, ForecastObjective.gather
    return begin


def run_of(folder, *overrides):
    recipe = load_recipe(str(folder / "wave.yaml"), overrides)
    (folder / "alone").mkdir()
    return TrainingRun(recipe, RunFolder(folder / "alone"), "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_step_that_is_left_out_moves_nothing_but_the_count(folder, spoil, monkeypatch, value):
    def skip(training):
        honest(training)
        kept.append(all(map(torch.equal, state_of(training), states[-1])))

    def state_of(training):
        memory = training.optimizer.state_dict().values()
        parts = (training.parameters.values, training.average.mean, *memory)
        return [part.clone() for part in parts]

    run = run_of(folder, f"{SKIP}=9", "train.average=ema", "train.epochs=2")
    training, states, counts, kept = run.training, [], [], []
    states.append(state_of(training))
    honest = Training.skip
    monkeypatch.setattr(Training, "skip", skip)
    spoil({3}, value)
    for event in run.loop():
        states.append(state_of(training))
        counts += [event.skipped_steps] if isinstance(event, Epoch) else []
    assert (kept, counts) == ([True, True], [1, 2])
    assert training.step == 2 * training.steps_per_epoch
    assert bool(torch.isfinite(training.parameters.values).all())


def test_one_more_step_than_may_be_left_out_ends_the_run(folder, spoil):
    spoil({3})
    with pytest.raises(TrainingError, match=r"^epoch 3, .*steps left out before it: 2; its batch"):
        train(folder / "wave.yaml", [f"{SKIP}=2"], run_dir=folder / "run")
    weights = load_checkpoint(folder / "run" / "best.pt").weights
    assert all(np.isfinite(array).all() for array in weights.values())


def test_an_epoch_of_nothing_but_such_steps_ends_the_run(folder, spoil):
    spoil(range(1000))
    with pytest.raises(TrainingError, match=r"^epoch 1, .* loss nan"):
        train(folder / "wave.yaml", [f"{SKIP}=1000"], run_dir=folder / "run")


@pytest.mark.parametrize("steps", [1, 5, 9])
def test_a_run_with_steps_left_out_is_resumed_to_the_same_bytes(folder, spoil, steps):
    spoil({0, 5, 40})
    overrides = [f"{SKIP}=50", "train.average=ema", "train.batch_size=8"]
    train(folder / "wave.yaml", overrides, run_dir=folder / "whole")
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", overrides, run_dir=folder / "parts", stop=stopping_after(steps))
    torch.manual_seed(12345)
    train(folder / "wave.yaml", overrides, run_dir=folder / "parts", resume=True)
    for name in ("best.pt", "last.pt"):
        assert weights_of(folder / "parts" / name) == weights_of(folder / "whole" / name)
    assert metrics_of(folder / "parts") == metrics_of(folder / "whole")
    state = load_checkpoint(folder / "parts" / "last.pt").training
    assert state["skipped"] == metrics_of(folder / "whole")[-1]["skipped_steps"] > 6


def test_a_run_that_broke_goes_on_where_steps_may_be_left_out(folder, spoil):
    train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    spoil({3})
    more = ["train.epochs=3"]
    with pytest.raises(TrainingError):
        train(folder / "wave.yaml", more, run_dir=folder / "run", resume=True)
    train(folder / "wave.yaml", [*more, f"{SKIP}=2"], run_dir=folder / "run", resume=True)
    assert [row["skipped_steps"] for row in metrics_of(folder / "run")] == [0, 1, 2, 2]


def test_what_was_left_out_is_said_on_the_screen_and_in_the_log(folder, spoil, capsys):
    spoil({3})
    words = ["train", folder / "wave.yaml", "--set", f"{SKIP}=9", "--run-dir", folder / "run"]
    done = verb(capsys, *words)
    assert done.code == 0
    assert [line.count("left out 2  ") for line in done.err.splitlines()].count(1) == 1
    said = " ".join((done.out + done.err).split())
    assert "3 steps left out, as the loss or gradient was not finite" in said
    assert [row["skipped_steps"] for row in metrics_of(folder / "run")] == [1, 2, 3, 3]


def test_a_count_that_is_none_in_a_saved_state_is_refused(folder, spoil):
    spoil({3})
    train(folder / "wave.yaml", [f"{SKIP}=9"], run_dir=folder / "run")
    state = torch.load(folder / "run" / "last.pt")
    state["training"]["skipped"] = -1
    torch.save(state, folder / "run" / "last.pt")
    with pytest.raises(CheckpointError, match=r"training\.skipped: -1; expected a whole number"):
        train(
            folder / "wave.yaml",
            [f"{SKIP}=9", "train.epochs=4"],
            run_dir=folder / "run",
            resume=True,
        )
