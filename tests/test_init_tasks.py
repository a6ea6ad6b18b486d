"""The task of a first recipe: the one that is asked for, or that a table looks made for."""

import re

import numpy as np
import pytest

import grucli as library
from grucli.errors import UsageError
from grucli.recipe import recipe_from_mapping
from grucli.runs.initiating import init
from tests.conftest import REPOSITORY, verb

WALKS = str(REPOSITORY / "data" / "walks.csv")


def write_episodes(path, names, *, count=12, steps=20, dated=False):
    """Rows of episodes: a pace, a mood of each row, and for each a maker, a load and a grade."""
    draw = np.random.default_rng(0)
    lines = [",".join(names)]
    for episode in range(count):
        load = f"{draw.normal():.3f}"
        for step in range(steps):
            day = np.datetime64("2024-01-01") + step
            cells = (f"{draw.normal():.3f}", "up" if step % 5 else "down", "ab"[episode % 2], load)
            lines.append(",".join([f"e{episode}", str(day if dated else step), *cells]))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


NAMES = ["episode", "when", "pace", "mood", "maker", "load"]
"""Usual names of neither a label of rows nor a number of series but the last."""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ("classify", "maker")),
        ({"target": "load"}, ("regress", "load")),
        ({"target": "mood"}, ("label", "mood")),
        ({"target": "pace"}, ("forecast", None)),
        ({"task": "regress"}, ("regress", "load")),
        ({"task": "label"}, ("label", "mood")),
        ({"task": "forecast"}, ("forecast", None)),
        ({"task": "label", "target": "pace"}, ("label", "pace")),
    ],
)
@pytest.mark.parametrize("dated", [False, True])
def test_a_recipe_is_for_the_task_that_is_asked_for(tmp_path, asked, expected, dated):
    if dated and not asked:
        expected = ("forecast", None)
    table = write_episodes(tmp_path / "t.csv", NAMES, dated=dated)
    task = init(table, **asked).values["task"]
    assert (task["kind"], task.get("label")) == expected
    assert task.get("answer") == (
        "number" if asked.get("target") == "pace" and "task" in asked else None
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["episode", "when", "pace", "mood", "maker", "load"], "classify"),
        (["episode", "when", "pace", "mood", "", "load"], "regress"),
        (["episode", "when", "pace", "mood", "", "size"], "forecast"),
        (["episode", "when", "pace", "activity", "", "size"], "label"),
    ],
)
def test_numbered_steps_and_a_usual_name_make_a_table_one_of_a_task(tmp_path, names, expected):
    table = write_episodes(tmp_path / "t.csv", [name or "note" for name in names])
    if "" in names:  # notes that say nothing of two series
        lines = (tmp_path / "t.csv").read_text().splitlines()
        rows = [re.sub(r",[ab],", f",{line.split(',')[0]}!,", line) for line in lines[1:]]
        (tmp_path / "t.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    assert init(table).values["task"]["kind"] == expected


@pytest.mark.parametrize("column", ["state", "rhythm", "pace"])
def test_a_recipe_for_each_task_trains_as_it_is(tmp_path, column):
    (tmp_path / "r.yaml").write_text(init(WALKS, folder=tmp_path, target=column).recipe)
    finished = library.train(tmp_path / "r.yaml", ["train.epochs=1"], run_dir=tmp_path / "run")
    assert finished.scores is not None


def test_a_long_series_is_labelled_in_pieces_and_judged_by_its_newest_rows(tmp_path):
    rows = [
        f"{np.datetime64('2024-01-01') + n},{n * n % 31}.5,{'ab'[n % 3 % 2]}" for n in range(600)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["day,x,state", *rows]) + "\n")
    draft = init(str(tmp_path / "t.csv"), target="state")
    recipe = recipe_from_mapping(draft.values)
    assert (recipe.label.steps, recipe.label.overlap, recipe.label.class_weights) == (
        256,
        32,
        "balanced",
    )
    assert recipe.data.calendar == ("weekday",)
    assert draft.seen["pieces"] == "2 train, 1 valid, 1 test"


WRONG = {
    (
        "--task",
        "sort",
    ): "--task sort: no such task; expected one of forecast, classify, regress, label",
    ("--target", "nix"): "--target nix: no such column; expected one of pace, sway, state, rhythm",
    ("--target", "step"): "--target step: the time, or names series; expected one of pace, sway, "
    "state, rhythm",
    ("--task", "classify"): "--task classify: no column looks like its label; expected a column of "
    "names, or whole numbers, that is the same in all rows of a series; name it with --target",
    ("--task", "regress", "--target", "pace"): "--target pace: cannot be what task regress learns; "
    "expected a column of numbers that is the same in all rows of a series: rhythm",
}


@pytest.mark.parametrize("asked", WRONG)
def test_a_task_that_a_table_has_nothing_for_is_refused(asked, capsys):
    done = verb(capsys, "init", WALKS, *asked)
    assert (done.code, done.out, done.err) == (2, "", f"error: {WRONG[asked]}\n")


def test_one_series_has_no_answer_for_each(tmp_path):
    with pytest.raises(
        UsageError, match=r"--task regress: says one thing of each series, and .* is one"
    ):
        init(str(REPOSITORY / "data" / "sunspots.csv"), task="regress")
