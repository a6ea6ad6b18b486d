"""Where a seasonal profile begins, against least squares written out, and as a recipe has it."""

import numpy as np
import pytest
import torch

import grucli
from grucli.errors import RecipeError
from grucli.recipe import load_recipe
from grucli.runs.opened import open_checkpoint
from grucli.runs.setting_up import SetUp

HOURS = 24
RECIPE = """\
name: day
data: {path: day.csv, time: time, target: [a, b], calendar: [weekday, hour], missing: linear}
task: {context: 12, horizon: 10, normalise: last}
model: {hidden: 4, harmonics: {hour: 3}}
train: {epochs: 1, patience: null}
"""


def write_day(folder):
    """Ten days by the hour of two columns with a shape and a trend, and gaps."""
    random, rows = np.random.default_rng(0), 10 * HOURS
    times = np.datetime64("2024-01-01T00:00") + np.arange(rows) * np.timedelta64(60, "m")
    angle = 2 * np.pi * np.arange(rows) / HOURS
    shape = np.stack([np.sin(angle) + np.cos(3 * angle), 5 * np.cos(2 * angle)], axis=1)
    noise = random.normal(0, 0.3, (rows, 2))
    values = shape + 0.02 * np.arange(rows)[:, None] + noise.cumsum(axis=0) * [[1, 0]]
    lines = [f"{t},{a:.6f},{b:.6f}" for t, (a, b) in zip(times, values, strict=True)]
    for row in (30, 31, 77):
        lines[row] = f"{times[row]},{values[row, 0]:.6f},"
    (folder / "day.csv").write_text("\n".join(["time,a,b", *lines]) + "\n")


@pytest.fixture
def day(tmp_path):
    """The recipe beside that table."""
    write_day(tmp_path)
    (tmp_path / "day.yaml").write_text(RECIPE)
    return tmp_path / "day.yaml"


def least_squares(windows):
    """The same for windows one by one, by numpy: of each target step what is measured of both."""
    rows, values = [], []
    for index in range(len(windows)):
        batch = windows.gather(torch.tensor([index]))
        last = batch.context[0, -1].double().numpy()
        for k, future in enumerate(batch.future[0].double().numpy()):
            if batch.weight is not None and not batch.weight[0, k].all():
                continue
            angles = [np.arctan2(sine, cosine) for sine, cosine in (future[2:], last[4:])]
            waves = [
                [f(n * angle) for n in (1, 2, 3) for f in (np.sin, np.cos)] for angle in angles
            ]
            rows.append([*np.subtract(*waves), (k + 1) / 10])
            values.append(batch.target[0, k].double().numpy() - last[:2])
    return np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0][:-1]


@pytest.mark.parametrize("alone", ["false", "true"])
def test_a_profile_begins_as_least_squares_of_the_changes_ahead_has_it(day, alone):
    made = SetUp.of(load_recipe(day, [f"model.harmonics.alone={alone}"]), "cpu")
    expected = least_squares(made.samples["train"])
    found = made.model.season.weight.detach().numpy()
    np.testing.assert_allclose(found, expected, atol=2e-4)
    spread = made.data.read.learned.scaler.spread[:2]
    shape = np.zeros((6, 2))
    shape[[0, 5], 0], shape[3, 1] = 1, 5
    np.testing.assert_allclose(found * spread, shape, atol=0.3)


def test_a_profile_that_came_with_trained_weights_is_not_fitted_again(day):
    grucli.train(day, run_dir=day.parent / "first")
    best = day.parent / "first" / "best.pt"
    settings = [f"model.init.checkpoint={best}", "train.seed=1"]
    again = SetUp.of(load_recipe(day, settings), "cpu")
    learned = open_checkpoint(best).model.season.weight
    assert torch.equal(again.model.season.weight, learned)
    other = SetUp.of(load_recipe(day, [*settings, "model.init.matrices=[W_hz]"]), "cpu")
    assert torch.equal(
        other.model.season.weight, SetUp.of(load_recipe(day), "cpu").model.season.weight
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["data.calendar=[weekday]"], "harmonics.hour: found 3 without data.calendar hour; expec"),
        (
            ["model.harmonics={alone: true}"],
            "harmonics.alone: found true without waves of a cycle; expected false, or waves such "
            "as model.harmonics.hour: 12",
        ),
        (
            ["task={kind: label, label: a, steps: 20}", "model.harmonics={alone: true}"],
            "harmonics.alone: found true with task.kind label; .*it is about steps ahead",
        ),
        (["model.harmonics.weekdays=2"], "unknown key; did you mean 'weekday'"),
        (["model.harmonics.hour=513"], "found 513; expected a whole number from 0 to 512"),
        (
            ["task.output=negative_binomial", "task.normalise=mean"],
            "found 3 with task.output negative_binomial, of which nothing is taken off; expected 0",
        ),
    ],
)
def test_waves_of_nothing_are_refused(day, settings, words):
    with pytest.raises(RecipeError, match=words):
        load_recipe(day, settings)
