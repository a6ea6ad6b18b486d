"""What the README shows is what happens: its recipe loads, its commands and programs run."""

import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from grucli.recipe import load_recipe
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text()
USING = (REPOSITORY / "docs" / "using.md").read_text()


def blocks(language, text=TEXT):
    """Contents of the fenced blocks of a language; every other fence closes one."""
    fences = re.split(r"^```(.*)\n", text, flags=re.MULTILINE)[1:]
    opened = zip(fences[::4], fences[1::4], strict=True)
    return [content for name, content in opened if name == language]


@pytest.fixture
def mine(tmp_path):
    """The README's recipe, shortened to one epoch, beside the table it names."""
    (recipe,) = blocks("yaml")
    (tmp_path / "mine.yaml").write_text(recipe.replace("epochs: 40", "epochs: 1"))
    table = (REPOSITORY / "data" / "co2_weekly.csv").read_text()
    (tmp_path / "mine.csv").write_text(table)
    (tmp_path / "newer.csv").write_text(table)
    return tmp_path


def test_the_recipe_loads(mine):
    assert load_recipe(str(mine / "mine.yaml")).task.horizon == 26


@pytest.mark.parametrize("part", blocks("yaml", USING))
def test_parts_of_recipes_load(part, tmp_path):
    task = "" if "task:" in part else "task: {context: 9, horizon: 2}\n"
    (tmp_path / "part.yaml").write_text(f"name: part\n{part}{task}")
    assert load_recipe(str(tmp_path / "part.yaml")).data.series


def test_the_commands_run(mine):
    (commands,) = [block for block in blocks("") if block.startswith("grucli train mine.yaml")]
    program = f'grucli() {{ {shlex.quote(sys.executable)} -m grucli "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", program + commands.replace("mase>1", "mase>1e9")],
        cwd=mine,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "error:" not in done.stderr, done.stderr
    assert done.returncode == 0
    assert len((mine / "forecast.csv").read_text().splitlines()) == 27


def test_the_layer_runs():
    layer, _ = blocks("python")
    names = {}
    exec(layer, names)
    assert names["output"].shape == (32, 96, 64)


def test_on_a_package_index_the_page_links_to_nothing_that_is_not_there():
    text, settings = TEXT, tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    index = settings["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    for rule in index["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    assert not re.search(r"\]\((?!http)", text)
    assert not re.search("<[a-z!]", text)
    assert "(`docs/learning.md`)" in text
    assert "pip install" in text


@pytest.mark.slow
def test_the_library_program_runs(tmp_path):
    _, library = blocks("python")
    subprocess.run(
        [sys.executable, "-c", library.replace("runs/co2", f"{tmp_path}/run")],
        cwd=REPOSITORY,
        check=True,
        timeout=600,
    )


def test_every_recipe_loads():
    recipes = sorted((REPOSITORY / "recipes").rglob("*.yaml"))
    assert len(recipes) >= 5
    for recipe in recipes:
        loaded = load_recipe(str(recipe))
        assert loaded.name == recipe.stem
        assert recipe.read_text().startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize("name", re.findall(r"`make ([a-z-]+)`", TEXT))
def test_every_make_target_named_exists(name):
    assert re.search(rf"^{name}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
