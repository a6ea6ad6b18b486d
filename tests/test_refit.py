"""Once more on all rows: the model to use has seen the newest, the judged one keeps its scores."""

import pytest
import torch

import grucli
from grucli.errors import InterruptedRunError
from grucli.recipe import load_recipe
from grucli.results import TrainingFinished, TrainingStarted
from grucli.runs.training import train

REFIT = ["train.refit=true", "train.epochs=4"]


def saved(folder, name):
    """The content of a checkpoint of the run."""
    return torch.load(folder / "run" / name, weights_only=True)


@pytest.fixture
def refitted(folder):
    """A folder with a finished run."""
    grucli.train(folder / "wave.yaml", REFIT, run_dir=folder / "run")
    return folder


def test_the_model_to_use_is_trained_for_the_epochs_that_validation_chose(refitted):
    judged, used = saved(refitted, "best.pt"), saved(refitted, "refit/best.pt")
    assert used["progress"]["refit"] == {"epochs": judged["progress"]["best_epoch"]}
    assert torch.equal(used["calibration"]["errors"], judged["calibration"]["errors"])
    assert used["progress"]["epoch"] == judged["progress"]["best_epoch"]
    assert used["progress"]["test_scores"] == judged["progress"]["test_scores"] is not None
    assert used["progress"]["best_valid_loss"] == judged["progress"]["best_valid_loss"]
    assert "refit" not in judged["progress"]


def test_it_learns_from_every_row(folder):
    recipe = load_recipe(folder / "wave.yaml", REFIT)
    events = list(train(recipe, run_dir=folder / "run"))
    first, second = (event for event in events if isinstance(event, TrainingStarted))
    assert second.train_windows == 160 - 14 - 3 + 1 > first.train_windows
    assert second.test_windows == 0
    assert "once more on all rows" in second.notes[0]
    assert isinstance(events[-1], TrainingFinished)
    assert events[-1].refit_path == str(folder / "run" / "refit" / "best.pt")


def test_its_scaler_is_that_of_all_rows(refitted):
    level = [float(line.split(",")[1]) for line in (refitted / "wave.csv").read_text().split()[1:]]
    (center,) = saved(refitted, "refit/best.pt")["scaler"]["center"]
    assert center == pytest.approx(sum(level) / len(level))


def test_the_judged_model_is_what_it_is_without(refitted):
    grucli.train(refitted / "wave.yaml", ["train.epochs=4"], run_dir=refitted / "plain")
    plain = torch.load(refitted / "plain" / "best.pt", weights_only=True)["weights"]
    judged = saved(refitted, "best.pt")["weights"]
    assert all(torch.equal(plain[name], judged[name]) for name in plain)


def test_the_model_to_use_predicts_and_scores_of_it_are_told_to_be_no_judgement(refitted):
    used = refitted / "run" / "refit" / "best.pt"
    assert grucli.predict(used).timestamps[0] == "2024-06-09"
    assert "the model learned from times up to 2024-06-08" in grucli.evaluate(used).notes[-1]


@pytest.mark.parametrize("steps", [5, 29, 33, 40])
def test_a_run_stopped_anywhere_and_resumed_equals_an_undisturbed_one(refitted, steps):
    recipe = load_recipe(refitted / "wave.yaml", REFIT)
    asked = iter(range(10_000))
    stop = lambda: 2 if next(asked) == steps else None  # noqa: E731
    with pytest.raises(InterruptedRunError, match="go on with --resume"):
        list(train(recipe, run_dir=refitted / "again", stop=stop))
    list(train(recipe, run_dir=refitted / "again", resume=True))
    for name in ("best.pt", "refit/best.pt"):
        whole = saved(refitted, name)
        again = torch.load(refitted / "again" / name, weights_only=True)
        assert all(torch.equal(whole["weights"][n], again["weights"][n]) for n in whole["weights"])
        assert again["progress"] == whole["progress"]


def test_another_run_in_its_place_takes_the_refit_away(refitted):
    grucli.train(
        refitted / "wave.yaml", ["train.epochs=1"], run_dir=refitted / "run", overwrite=True
    )
    assert not (refitted / "run" / "refit" / "best.pt").exists()
