"""Overrides from the command line: what they replace, their errors, and where paths lead."""

from pathlib import Path

import pytest

from grucli.errors import RecipeError
from grucli.recipe import load_recipe
from tests.recipe_texts import BASE, errors_of, load


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("model.hiden=3", "model.hiden: unknown key; did you mean 'hidden'?"),
        ("modle.hidden=3", "modle: unknown key; did you mean 'model'?"),
        ("model.hidden=0", "model.hidden: found 0; expected a whole number from 1 to 65536"),
        (
            "model.hidden=1e2",
            "model.hidden: found 1e2; expected a whole number from 1 to 65536; write 100",
        ),
        ("model", "not an override; expected KEY=VALUE, such as model.hidden=32"),
        ("model..hidden=3", "not an override; expected KEY=VALUE, such as model.hidden=32"),
        ("name=@x", "a value cannot begin with @; quote it; the line reads: @x"),
        ("data.path=*.csv", "a value cannot begin with *, & or !; quote it; the line reads: *.csv"),
        (
            "train={lr: 0}",
            "train.lr: found 0; expected a number > 0",
        ),
        (
            "train.tbptt_steps=99",
            "train.tbptt_steps: found 99; expected at most task.context, 10; null reaches the "
            "whole context",
        ),
    ],
)
def test_an_error_of_an_override_names_the_override(override: str, line: str) -> None:
    assert errors_of(BASE, override) == [f"--set {override}: {line}"]


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("train.lr=1e-2", "train", "lr", 0.01),
        ("train.lr=2", "train", "lr", 2.0),
        ("train.clip=null", "train", "clip", None),
        ("data.target=[a, b]", "data", "target", ("a", "b")),
        ("data.target=a", "data", "target", ("a",)),
        ('data.time="12:30"', "data", "time", "12:30"),
        ("model.cell=lstm", "model", "cell", "lstm"),
        ("data.path=-", "data", "path", "-"),
        ("data.path=/a=b.csv", "data", "path", "/a=b.csv"),
    ],
)
def test_an_override_takes_the_place_of_the_value(
    override: str, section: str, key: str, value: object
) -> None:
    read = getattr(getattr(load(BASE, override), section), key)
    assert (type(read), read) == (type(value), value)


def test_an_override_reaches_into_sections_that_are_not_written() -> None:
    assert load(BASE, "train.schedule.kind=cosine").train.schedule.kind == "cosine"


def test_the_last_of_two_overrides_of_one_key_counts() -> None:
    assert load(BASE, "model.hidden=3", "model.hidden=4").model.hidden == 4


@pytest.mark.parametrize(
    "train", ["{lr: 0}", "{lr: 1_0}", "{lr: 1, lr: 2}", "{lr: [a, {b: !x c}]}"]
)
def test_an_error_goes_with_the_value_that_an_override_replaces(train: str) -> None:
    assert load(BASE + f"train: {train}\n", "train.lr=3").train.lr == 3.0


def test_an_override_of_one_alias_leaves_the_other() -> None:
    shared = "model: &m {hidden: 3}\ntrain: *m\n"
    assert errors_of(BASE + shared, "model.hidden=4") == [
        "r.yaml:7:12: train.hidden: unknown key; did you mean 'model.hidden'?"
    ]


def test_paths_of_the_file_go_from_its_folder_and_those_of_overrides_from_the_current_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "recipes").mkdir()
    content = BASE.replace("x.csv", "../x.csv") + "model: {init: {checkpoint: c.pt}}\n"
    Path("recipes/r.yaml").write_text(content)
    written = load_recipe("recipes/r.yaml")
    assert written.data.path == f"{tmp_path}/x.csv"
    assert written.model.init.checkpoint == f"{tmp_path}/recipes/c.pt"
    overrides = ["data.path=d/x.csv", "model.init.checkpoint=c.pt"]
    overridden = load_recipe("recipes/r.yaml", overrides)
    assert overridden.data.path == f"{tmp_path}/d/x.csv"
    assert overridden.model.init.checkpoint == f"{tmp_path}/c.pt"


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert load(BASE.replace("x.csv", "~/x.csv")).data.path == "/home/someone/x.csv"


def test_a_lone_dash_stays_a_dash() -> None:
    assert load(BASE.replace("x.csv", '"-"')).data.path == "-"


SPELT = """\
name: r
data: {path: a.csv, time: t, target: y, regularize: true}
task: {context: 4, horizon: 2, normalize: last}
train: {optimiser: sgd}
"""


def test_the_other_spelling_of_a_key_is_read_as_ours(tmp_path):
    (tmp_path / "r.yaml").write_text(SPELT)
    recipe = load_recipe(tmp_path / "r.yaml", ["train.optimiser=rmsprop"])
    assert recipe.data.regularise
    assert (recipe.forecast.normalise, recipe.train.optimizer) == ("last", "rmsprop")


def test_an_error_of_the_other_spelling_stands_where_it_was_written(tmp_path):
    (tmp_path / "r.yaml").write_text(SPELT.replace("normalize: last", "normalize: lats"))
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "r.yaml")
    assert "r.yaml:3:43: task.normalise: found the text" in caught.value.problems[0]


def test_a_key_in_both_spellings_is_written_twice(tmp_path):
    (tmp_path / "r.yaml").write_text(
        SPELT.replace("optimiser: sgd", "optimiser: sgd, optimizer: adam")
    )
    with pytest.raises(RecipeError, match="written twice, also as optimizer"):
        load_recipe(tmp_path / "r.yaml")


def test_a_searched_key_is_one_key_with_dots() -> None:
    recipe = load(BASE, "tune.model.hidden=[4, 8]", "tune.trials=3")
    assert recipe.tune.space["model.hidden"] == (4, 8)
    assert recipe.tune.trials == 3
    line = "tune.model.hiden: unknown key; did you mean 'model.hidden'?"
    assert errors_of(BASE, "tune.model.hiden=[4, 8]") == [f"--set tune.model.hiden=[4, 8]: {line}"]
