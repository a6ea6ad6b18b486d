"""The recipe as a value: defaults, help, round trips, the JSON Schema beside the recipes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from grucli.recipe import (
    DataRecipe,
    ForecastRecipe,
    InitRecipe,
    ModelRecipe,
    Recipe,
    ScheduleRecipe,
    SplitRecipe,
    TrainRecipe,
    dump_recipe,
    load_recipe,
    recipe_from_mapping,
)
from grucli.recipe.json_schema import recipe_json_schema
from grucli.recipe.tasks import KINDS

ROOT = Path(__file__).parent.parent
SMALLEST: dict[str, Any] = {
    "name": "a",
    "data": {"path": "/x.csv", "time": "t", "target": "y"},
    "task": {"context": 10, "horizon": 2},
}

TEXTS = st.text(min_size=1, max_size=12)
POSITIVE = st.floats(1e-12, 1e12)
SHARES = st.floats(0.01, 0.3) | st.integers(1, 1000)
COLUMNS = st.lists(TEXTS, min_size=3, max_size=6, unique=True)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Recipes of every kind of value, those that conflict left out."""
    time, first, *past = draw(COLUMNS)
    data = DataRecipe(
        path="/" + draw(TEXTS),
        time=time,
        target=(first,),
        past=tuple(past),
        split=SplitRecipe(train=draw(st.none() | SHARES), valid=draw(SHARES), test=draw(SHARES)),
    )
    init = InitRecipe(
        gain=draw(POSITIVE),
        checkpoint="/" + draw(TEXTS),
        matrices=tuple(draw(st.lists(TEXTS, max_size=3))),
    )
    return Recipe(
        name=draw(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
        data=data,
        task=ForecastRecipe(context=draw(st.integers(1, 10_000)), horizon=1),
        model=ModelRecipe(layer_norm="sum", bidirectional=draw(st.booleans()), init=init),
        train=TrainRecipe(
            lr=draw(POSITIVE),
            clip=draw(st.none() | POSITIVE),
            schedule=ScheduleRecipe(kind=draw(st.sampled_from(["constant", "plateau"]))),
        ),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(recipes())
def test_a_dumped_recipe_loads_to_the_same_recipe_and_dumps_to_the_same_bytes(
    tmp_path: Path, recipe: Recipe
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    loaded = load_recipe(path)
    expected = recipe.model_dump()
    for section, key in ((expected["data"], "path"), (expected["model"]["init"], "checkpoint")):
        section[key] = os.path.normpath(section[key])
    assert loaded.model_dump() == expected
    assert dump_recipe(load_recipe(path)) == dump_recipe(loaded)


@given(recipes())
def test_a_recipe_survives_the_plain_values_of_a_checkpoint(recipe: Recipe) -> None:
    assert recipe_from_mapping(json.loads(json.dumps(recipe.model_dump(mode="json")))) == recipe


def test_a_dumped_recipe_is_one_key_a_line_with_numbers_as_numbers() -> None:
    recipe = recipe_from_mapping(
        SMALLEST
        | {"data": {"path": "/a b.csv", "time": "12:30", "target": ["no", "no: x", "1990"]}}
        | {"train": {"lr": 1e-3, "weight_decay": 1e-7, "patience": None}}
    )
    lines = [line.strip() for line in dump_recipe(recipe).splitlines()]
    assert 'path: "/a b.csv"' in lines
    assert 'time: "12:30"' in lines
    assert 'target: [no, "no: x", "1990"]' in lines
    assert "lr: 0.001" in lines
    assert "weight_decay: 1e-07" in lines
    assert "patience: null" in lines
    assert "bidirectional: false" in lines


def _keys(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, known in section.model_fields.items():
        yield prefix + name, known
        if isinstance(known.annotation, type) and issubclass(known.annotation, BaseModel):
            yield from _keys(known.annotation, f"{prefix}{name}.")


KEYS = dict(_keys(Recipe))
for kind, section in KINDS.items():
    KEYS |= dict(_keys(section, f"task, {kind}."))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained_in_a_sentence(key: str) -> None:
    description = KEYS[key].description or ""
    assert len(description.split()) > 1
    assert description.endswith(".")


def test_a_recipe_needs_only_its_name_data_and_task() -> None:
    recipe = recipe_from_mapping(SMALLEST)
    assert recipe.data.target == ("y",)
    assert recipe.task.kind == "forecast"
    assert (recipe.model, recipe.train) == (ModelRecipe(), TrainRecipe())


def test_a_whole_number_serves_where_a_number_is_meant() -> None:
    lr = TrainRecipe(lr=1).lr
    assert (type(lr), lr) == (float, 1.0)


def test_a_recipe_cannot_be_changed() -> None:
    recipe = recipe_from_mapping(SMALLEST)
    with pytest.raises(ValidationError, match="frozen"):
        recipe.name = "b"  # type: ignore[misc]


def test_a_recipe_whose_keys_conflict_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match=r"model\.layer_norm: found sum with cell lstm"):
        Recipe(**SMALLEST, model={"cell": "lstm", "layer_norm": "sum"})


def test_the_schema_beside_the_recipes_is_current() -> None:
    written = (ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8")
    assert written == recipe_json_schema(), "run `make schema`"


def test_the_schema_is_written_by_a_command() -> None:
    command = [sys.executable, "-m", "grucli.recipe.json_schema"]
    written = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout
    assert written.decode() == recipe_json_schema()


def test_an_editor_learns_choices_ranges_defaults_and_unknown_keys_from_the_schema() -> None:
    sections = json.loads(recipe_json_schema())["$defs"]
    assert all(section["additionalProperties"] is False for section in sections.values())
    cell = sections["ModelRecipe"]["properties"]["cell"]
    assert (cell["enum"], cell["default"]) == (["gru", "rnn", "lstm"], "gru")
    assert sections["TrainRecipe"]["properties"]["lr"]["exclusiveMinimum"] == 0
    assert sections["DataRecipe"]["required"] == ["path", "time"]


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda p: p.name)
def test_every_recipe_of_the_repository_loads_and_names_its_schema(path: Path) -> None:
    assert load_recipe(path).name == path.stem
    assert path.read_text().startswith("# yaml-language-server: $schema=recipe.schema.json\n")


def test_reading_a_recipe_imports_no_numerical_library() -> None:
    code = "import sys, grucli.recipe; print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert done.stdout.decode().strip() == "set()"
