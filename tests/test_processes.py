"""Training in several processes: the numbers of one, one end for all, and nothing lost."""

import os
import signal
from collections import deque
from multiprocessing import active_children

import numpy as np
import pytest
import torch

from grucli.checkpoint import load_checkpoint
from grucli.errors import InterruptedRunError, TrainingError, UsageError
from grucli.recipe import load_recipe
from grucli.results import Epoch, Step
from grucli.runs import training
from grucli.runs.processes import together
from grucli.training.ranks import Ranks
from tests.conftest import RECIPE, write_wave
from tests.test_runs_training import metrics_of, stopping_after

PLAIN = ("model.dropout=0", "task.context=13", "train.average=ema")


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """A folder with wave.csv, wave.yaml and the run of one process in alone/."""
    folder = tmp_path_factory.mktemp("waves")
    write_wave(folder / "wave.csv")
    (folder / "wave.yaml").write_text(RECIPE)
    for _ in events(folder, "alone"):
        pass
    return folder


def events(folder, name, *overrides, processes=1, **options):
    """The events of a run into a folder of this name."""
    recipe = load_recipe(str(folder / "wave.yaml"), [*PLAIN, *overrides])
    with together(processes, device="cpu") as ranks:
        yield from training.train(recipe, run_dir=folder / name, ranks=ranks, **options)


def losses(folder, name):
    rows = metrics_of(folder / name)
    return np.array([(row["train_loss"], row["valid_loss"]) for row in rows if "train_loss" in row])


def weights(path):
    return np.concatenate([value.ravel() for value in load_checkpoint(path).weights.values()])


def test_two_processes_learn_what_one_does(waves):
    torch.set_num_threads(4)
    found = list(events(waves, "two", "train.refit=true", processes=2))
    assert (found[0].threads, torch.get_num_threads()) == (2, 4)
    sizes = {event.windows for event in found if isinstance(event, Step)}
    assert 1 in sizes, "a batch of one sample leaves the second process none"
    assert load_checkpoint(waves / "two" / "last.pt").progress["processes"] == 2
    assert losses(waves, "two") == pytest.approx(losses(waves, "alone"), rel=1e-5)
    two, alone = (weights(waves / name / "best.pt") for name in ("two", "alone"))
    assert two == pytest.approx(alone, abs=1e-5)
    assert (waves / "two" / "refit" / "best.pt").is_file()
    assert not active_children()


def test_a_lost_process_ends_all_and_the_run_goes_on_with_another_number(waves):
    def kill_one(event):
        if isinstance(event, Epoch) and event.epoch == 3:
            os.kill(active_children()[0].pid, signal.SIGKILL)

    with pytest.raises(
        TrainingError, match=r"process 1 .* was lost: killed by SIGKILL; .* --resume"
    ):
        deque(map(kill_one, events(waves, "lost", "train.epochs=4", processes=2)))
    resumed = list(events(waves, "lost", "train.epochs=3", resume=True))
    assert any("2 processes before the stop, 1 now" in note for note in resumed[0].notes)
    assert losses(waves, "lost")[:3] == pytest.approx(losses(waves, "alone"), rel=1e-5)


def test_a_validation_loss_that_is_not_finite_in_one_part_is_heard_of_by_all(waves):
    class Parts(Ranks):
        def __init__(self, *others):
            super().__init__()
            self.others, self.own = others, []

        def add(self, total, count):
            self.own.append(total)
            return sum(self.others, total), count

    of_another, of_this = Parts(np.inf), Parts()
    rows = (waves / "wave.csv").read_text().splitlines()
    rows[100] = rows[100].partition(",")[0] + ",1e25"
    (waves / "spoilt.csv").write_text("\n".join(rows) + "\n")
    plain = (f"data.path={waves}/spoilt.csv", "data.scale=none", "task.normalise=none", *PLAIN)
    for name, ranks, settings in (("theirs", of_another, PLAIN), ("ours", of_this, plain)):
        recipe = load_recipe(str(waves / "wave.yaml"), settings)
        with pytest.raises(TrainingError, match=r"epoch 1: the validation loss is inf; .* batch"):
            list(training.train(recipe, run_dir=waves / name, ranks=ranks))
    assert [np.isfinite(ranks.own).tolist() for ranks in (of_another, of_this)] == [[True], [False]]


def test_all_stop_after_the_same_step_and_resume_to_the_same_bytes(waves):
    dropout = ("model.dropout=0.2",)
    list(events(waves, "whole", *dropout, processes=2))
    halved = events(waves, "halved", *dropout, processes=2, stop=stopping_after(7))
    with pytest.raises(InterruptedRunError):
        list(halved)
    list(events(waves, "halved", *dropout, processes=2, resume=True))
    assert metrics_of(waves / "halved") == metrics_of(waves / "whole")
    assert (
        weights(waves / "halved" / "best.pt").tobytes()
        == weights(waves / "whole" / "best.pt").tobytes()
    )


def test_a_launched_process_starts_no_others(monkeypatch):
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    launched = pytest.raises(UsageError, match=r"--processes 4: .* one of 2 that were launched")
    with launched, together(4, device="cpu"):
        pass
