"""The shipped recipes, written with their tables wherever somebody wants to begin."""

import json
from pathlib import Path

import pytest

from grucli.errors import UsageError
from grucli.recipe import load_recipe
from grucli.runs.examples import write_example
from tests.conftest import REPOSITORY, grucli


@pytest.mark.parametrize("name", ["co2", "sunspots", "adding", "walks_label"])
def test_an_example_comes_with_its_table_and_can_be_trained(name, tmp_path):
    written = write_example(name, str(tmp_path / "mine.yaml"), overwrite=False)
    recipe = load_recipe(written.recipe)
    assert Path(recipe.data.path) == Path(written.table)
    assert Path(written.table).parent == tmp_path
    assert "../" not in Path(written.recipe).read_text()
    assert "recipe.schema.json" not in Path(written.recipe).read_text()


def test_examples_of_one_table_share_it(tmp_path):
    for name in ("co2", "co2_plain"):
        write_example(name, str(tmp_path / f"{name}.yaml"), overwrite=False)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"co2.yaml", "co2_plain.yaml", "co2_weekly.csv"}


def test_an_example_takes_no_files_place(tmp_path):
    (tmp_path / "co2_weekly.csv").write_text("my own\n")
    with pytest.raises(UsageError, match=r"co2_weekly.csv: is there already; add --overwrite"):
        write_example("co2", str(tmp_path / "co2.yaml"), overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["co2_weekly.csv"]
    write_example("co2", str(tmp_path / "co2.yaml"), overwrite=True)
    assert (tmp_path / "co2_weekly.csv").read_bytes() == (
        REPOSITORY / "data" / "co2_weekly.csv"
    ).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--example", "nope"], "--example nope: no such example; expected one of adding, co2, "),
        (
            ["--example", "co2", "-o", "co2_weekly.csv"],
            "is the name of the table beside it; choose",
        ),
        ([], "init: expected a table or --example NAME, and not both"),
        (["x.csv", "--example", "co2"], "init: expected a table or --example NAME, and not both"),
    ],
)
def test_what_is_no_example_is_refused_in_one_line(words, said, tmp_path):
    done = grucli("init", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_example_says_what_to_type_next(tmp_path):
    done = grucli("init", "--example", "sunspots", "--json", cwd=tmp_path)
    assert done.stderr == "wrote sunspots.yaml and sunspots.csv; grucli train sunspots.yaml\n"
    document = json.loads(done.stdout)
    assert (document["kind"], document["table"]) == ("ExampleFiles", "sunspots.csv")
