"""What to try next: from a run's own numbers, with options that a recipe takes."""

import re
from dataclasses import replace

import pytest

from grucli import train
from grucli.cli.views.hints import hints as drawn
from grucli.errors import RecipeError
from grucli.recipe import load_recipe
from grucli.results import Comparison, EpochLoss
from grucli.runs import training
from grucli.runs.hints import MOST, hints_of
from tests.scores_cases import scores


def curve(train_losses, valid_losses):
    """The epochs of a run with these losses."""
    best = [loss == min(valid_losses[: n + 1]) for n, loss in enumerate(valid_losses)]
    return [
        EpochLoss(n + 1, 10 * n + 10, loss, valid, is_best, 0.0)
        for n, (loss, valid, is_best) in enumerate(
            zip(train_losses, valid_losses, best, strict=True)
        )
    ]


def hints(folder, epochs, verdict="no difference", settings=(), *, naive=0.5, ridge=-0.3):
    recipe = load_recipe(str(folder / "wave.yaml"), [f"train.epochs={len(epochs)}", *settings])
    compared = {
        "naive": Comparison(naive, None, None, 0.0, "better"),
        "ridge": Comparison(ridge, -0.4, -0.2, 0.0, verdict),
    }
    return hints_of(recipe, epochs, replace(scores(), comparisons=compared))


STOPPED = curve([0.5, 0.4, 0.38, 0.37], [0.5, 0.42, 0.45, 0.46])
FALLING = curve([0.5, 0.4, 0.3, 0.2], [0.5, 0.4, 0.3, 0.25])
MEMORISED = curve([0.5, 0.15, 0.1, 0.05], [0.5, 0.4, 0.45, 0.5])


def test_a_run_with_nothing_to_better_has_no_hints(folder):
    assert hints(folder, STOPPED) == ()


def test_a_run_that_was_still_falling_is_to_go_on(folder):
    (hint,) = hints(folder, FALLING)
    assert "still fell by 16.7% over the last one: --resume --set train.epochs=8" in hint


def test_a_cosine_schedule_is_to_start_again(folder):
    (hint,) = hints(folder, FALLING, settings=["train.schedule.kind=cosine"])
    assert hint.endswith("--overwrite --set train.epochs=8")


def test_a_training_loss_far_under_that_of_validation_is_told(folder):
    (hint,) = hints(folder, MEMORISED, settings=["model.dropout=0"])
    assert "(0.15) is far under that of validation (0.4): " in hint
    average, dropout = "--set train.average=ema", "--set model.dropout=0.2"
    assert hint.endswith(f": --overwrite {average} or --overwrite {dropout}")


def test_what_is_in_the_recipe_already_is_not_suggested(folder):
    settings = ["train.average=ema", "model.dropout=0.3", "model.hidden=8"]
    assert hints(folder, MEMORISED, settings=settings) == ()


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ([], "--overwrite --set model.skip=linear"),
        (["model.skip=linear"], "--overwrite --set model.decoder=segment --set model.segment=1"),
    ],
)
def test_where_ridge_is_better_a_linear_map_or_segments_are_suggested(folder, settings, option):
    (hint,) = hints(folder, STOPPED, "worse", settings)
    assert hint == f"ridge regression is better, so much of this is a linear map: {option}"


@pytest.mark.parametrize(("settings", "count"), [([], 1), (["train.seeds=2"], 0)])
def test_a_gain_that_may_be_luck_asks_for_more_seeds(folder, settings, count):
    said = hints(folder, STOPPED, "no difference", settings, ridge=0.02)
    assert len(said) == count
    assert all("(2.0%) may be one seed's luck" in hint for hint in said)
    assert all(hint.endswith("--overwrite --set train.seeds=3") for hint in said)


def test_every_option_is_one_that_a_recipe_takes(folder):
    said = [*hints(folder, MEMORISED, "worse"), *hints(folder, FALLING, "worse")]
    assert len(said) == 4
    for hint in said:
        options = hint.rpartition(": ")[2]
        for choice in options.split(" or "):
            load_recipe(str(folder / "wave.yaml"), re.findall(r"--set (\S+)", choice))


def test_there_are_three_at_most(folder):
    epochs = curve([0.1, 0.09, 0.08, 0.07], [0.9, 0.8, 0.7, 0.6])
    assert len(hints(folder, epochs, "worse")) <= MOST


# --- training gone wrong ----------------------------------------------------------------------
def test_a_loss_that_rises_is_said_to_have_diverged(folder):
    (hint,) = hints(folder, curve([0.5, 0.4, 3.0, 12.0], [0.5, 0.4, 3.0, 12.0]), "worse")
    assert hint == (
        "diverged: the training loss rose from 0.4 in epoch 2 to 12: --overwrite --set "
        "train.lr=1.0e-03 (it is 1.0e-02)"
    )


def test_an_error_far_above_that_of_naive_is_said_to_have_diverged(folder):
    (hint,) = hints(folder, STOPPED, "worse", naive=-1e12)
    assert hint.startswith("diverged: the mean squared error is 1e+12 times that of naive: ")


FLAT = curve([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
FLAT_WITH_DROPOUT = curve([0.52, 0.49, 0.5], [0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("train.lr=1e-300", "--overwrite --set train.lr=1.0e-3 (it is 1.0e-300)"),
        ("train.clip=1e-300", "--overwrite --set train.clip=1.0 (it is 1.0e-300)"),
    ],
)
@pytest.mark.parametrize("epochs", [FLAT, FLAT_WITH_DROPOUT], ids=["", "with dropout"])
def test_a_loss_that_does_not_move_is_said_to_have_taught_nothing(folder, epochs, setting, remedy):
    (hint,) = hints(folder, epochs, settings=[setting])
    assert hint == f"nothing was learned: the validation loss stayed at 0.5: {remedy}"


@pytest.mark.parametrize(
    ("setting", "word"),
    [("train.lr=1e6", "diverged"), ("train.lr=1e-300", "nothing was learned")],
)
def test_a_run_gone_wrong_says_so_at_its_end(folder, setting, word):
    settings = [setting, "train.epochs=3", "model.dropout=0"]
    finished = train(folder / "wave.yaml", settings, run_dir=folder / "run")
    assert finished.hints[0].startswith(word)


def test_options_are_not_broken_on_a_narrow_screen():
    sentence = "the training loss is far under that of validation: --set train.average=ema"
    lines = [line.plain for line in drawn([sentence], 30)]
    assert lines[1] == "To try"
    assert any("train.average=ema" in line for line in lines)


def test_a_cosine_schedule_that_goes_on_over_more_epochs_is_said(folder):
    settings = ["train.schedule.kind=cosine", "train.epochs=2"]
    train(folder / "wave.yaml", settings, run_dir=folder / "run")
    notes = []
    recipe = load_recipe(str(folder / "wave.yaml"), [settings[0], "train.epochs=4"])
    for event in training.train(recipe, run_dir=folder / "run", resume=True):
        notes += getattr(event, "notes", ())
    (note,) = [note for note in notes if "cosine" in note]
    assert note.startswith("the cosine schedule fell to 0 over 2 epochs and now does over 4: lr ")
    assert note.endswith("becomes 0.005")


def test_a_target_like_a_number_is_to_be_quoted(folder):
    with pytest.raises(RecipeError, match='quote it: "1e3"'):
        load_recipe(str(folder / "wave.yaml"), ["data.target=1e3"])
