"""Recipes with one thing changed: read as it was written, or refused at its line."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grucli.errors import RecipeError
from grucli.recipe import Recipe, dump_recipe, load_recipe
from tests.conftest import REPOSITORY
from tests.sweeps.sweep import Case

RECIPES = 4800
VALUES = [
    None, True, False, 0, 1, -1, 2, 7, 64, 10**12, 2**63, 10**60, 0.0, -0.0, 0.5, 1.5, -2.5, 1e-3,
    1e-300, 1e300, 1e999, "", "x", "1", "1e-3", "no", "mean_std", "none", "gru", "lstm", "mse", "-",
    "../x", "/dev/zero", "\x1b[2J", "a\nb", "\u202e", "x" * 300, [], [1], ["a"], ["a", "a"], {},
    {"a": 1}, {"kind": "x"}, [[1]], [None], {"valid": 0.5, "test": 0.9}, [0.1] * 50,
]  # fmt: skip
TEXTS = [
    "\t", "  ", ":", "- ", "&a ", "*a ", "!!python/object:os.system ", "%YAML 1.1\n", "---\n",
    "...\n",
    "\x00", "\x85", "\ufeff", "\u2028", "'", '"', "[", "{", "}", "#", "? ", "| ", "> ", "@", "`",
    "<<: ", "=", "1_000", "017", "12:30", "\r", "\xff", "a: b: c\n", "[" * 200,
]  # fmt: skip


def recipes(_: Path, folder: Path) -> Iterator[Case]:
    """One value, key or piece of text of a shipped recipe is another."""
    shipped = sorted((REPOSITORY / "recipes").rglob("*.yaml"))
    texts = [path.read_text() for path in shipped]
    bodies = [load_recipe(path).model_dump(mode="json") for path in shipped]
    path = folder / "recipe.yaml"

    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        if draw.random() < 1 / 3:
            return _text_changed(path, draw.choice(texts), draw)
        return _value_changed(path, draw.choice(bodies), draw)

    for seed in range(RECIPES):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def _value_changed(path: Path, body: dict[str, Any], draw: random.Random) -> str:
    """One key has another value, written as JSON, which YAML reads alike."""
    body = json.loads(json.dumps(body))
    parent, key = draw.choice(list(_places(body)))
    kind, value = draw.randrange(8), draw.choice(VALUES)
    if kind == 0:
        del parent[key]
    elif kind == 1:
        parent[draw.choice(["kind", "hiden", "", "a b", "\x1b[2J", "__class__"])] = value
    else:
        parent[key] = value
    path.write_text(_as_yaml(body))
    recipe = _read(path)
    if recipe is None:
        return "refused"
    if kind > 1:
        read = _at(recipe.model_dump(mode="json"), body, parent, key)
        assert _means(read, value), f"{key}: {value!r} was read as {read!r}"
    return "read"


def _text_changed(path: Path, text: str, draw: random.Random) -> str:
    """Some letters are left out, doubled, moved or put in."""
    start = draw.randrange(len(text))
    stop = min(start + draw.choice([0, 0, 1, 1, 5, 40]), len(text))
    put = draw.choice([*TEXTS, text[start:stop] * 2, text[stop : stop + 9]])
    changed = text[:start] + put + text[stop:]
    path.write_bytes(changed.encode("utf-8", "surrogatepass").replace(b"\xc3\xbf", b"\xff"))
    return "refused" if _read(path) is None else "read"


def _read(path: Path) -> Recipe | None:
    """A recipe that is read means the same when it is written and read again; None if refused."""
    try:
        recipe = load_recipe(path)
    except RecipeError as error:
        for problem in error.problems:
            assert problem.startswith(f"{path}"), f"no place: {problem}"
            assert problem.isprintable(), f"unprintable: {problem!r}"
        return None
    again = path.with_name("again.yaml")
    again.write_text(dump_recipe(recipe))
    assert load_recipe(again) == recipe, "another recipe when it is written and read again"
    return recipe


def _as_yaml(body: Any) -> str:
    """JSON, with the numbers beyond its range as YAML has them."""
    return json.dumps(body).replace("Infinity", ".inf").replace("NaN", ".nan")


def _places(body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for key, value in body.items():
        yield body, key
        if isinstance(value, dict):
            yield from _places(value)


def _at(read: Any, body: Any, parent: Any, key: str) -> Any:
    """What was read where ``parent`` stands in ``body``."""
    if body is parent:
        return read.get(key)
    for name, value in body.items():
        if isinstance(value, dict) and isinstance(read, dict):
            found = _at(read.get(name, {}), value, parent, key)
            if found is not None:
                return found
    return None


def _means(read: Any, value: Any) -> bool:
    """Whether a value was read as it was written: one name for a list of one, a path absolute."""
    if isinstance(value, dict) and isinstance(read, dict):
        return all(_means(read.get(key), item) for key, item in value.items())
    if isinstance(value, list) and isinstance(read, list):
        return len(value) == len(read) and all(map(_means, read, value))
    if isinstance(value, str) and isinstance(read, str):
        return read == value or read.endswith(value.removeprefix(".."))
    if isinstance(read, list) and not isinstance(value, list):
        return read == [value]
    if isinstance(read, float) and type(value) is int:
        return read == float(value)
    return read == value and (type(read) is bool) == (type(value) is bool)
