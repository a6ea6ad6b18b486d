"""A recipe file and its overrides to one Recipe, with every error reported at once."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grucli.errors import RecipeError
from grucli.recipe import wording
from grucli.recipe.composer import UnreadableRecipeError
from grucli.recipe.nodes import (
    DEEPEST,
    LONGEST_SHOWN,
    Node,
    Problem,
    Where,
    node_of,
    overridden,
)
from grucli.recipe.schema import Recipe
from grucli.recipe.space import space_problems
from grucli.recipe.spelling import in_our_spelling, our_names
from grucli.recipe.validate import validate
from grucli.recipe.yaml_reader import read_file, read_text

STDIN = "-"


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, put ``KEY=VALUE`` overrides in place of what it says, and check all of it.

    Overrides go by their dotted key (``model.hidden=32``), their values are YAML; the last of two
    for one key counts. Paths of other files become absolute: against the
    recipe's folder, or the current one when an override gives them. Raises RecipeError with one
    line for each error of the file and the overrides, sorted by place.
    """
    overriding, unreadable = _parse_overrides(overrides)
    try:
        root = read_file(Path(path))
    except UnreadableRecipeError as error:
        raise RecipeError(*map(str, [error.problem, *unreadable])) from error
    root = in_our_spelling(root)
    if not isinstance(root.value, dict):
        found = "found no keys" if root.value is None else f"found {wording.found(root)}"
        expected = "expected a recipe with the keys name, data and task"
        raise RecipeError(str(Problem(root.where, "", f"{found}; {expected}")))
    for keys, node in overriding:
        root = overridden(root, keys, node)
    recipe, problems = validate(root)
    if recipe is not None:
        problems = list(space_problems(root, recipe))
    if recipe is None or problems or unreadable:
        raise RecipeError(*map(str, [*problems, *unreadable]))
    return _with_paths(recipe, root, Path(path).parent)


def recipe_from_mapping(mapping: Mapping[str, Any], *, source: str = "recipe") -> Recipe:
    """Check a recipe kept as plain values, such as the one in a checkpoint; paths stay as they are.

    ``source`` begins each line of the RecipeError that is raised for a wrong one.
    """
    recipe, problems = validate(node_of(mapping, Where(0, 0, 0, source)))
    if recipe is None:
        raise RecipeError(*map(str, problems))
    return recipe


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with values in place of those of some dotted keys, and nothing to search.

    Raises RecipeError where they do not go together.
    """
    body = recipe.untuned.model_dump(mode="json")
    for key, value in settings.items():
        *sections, name = key.split(".")
        section = body
        for part in sections:
            section = section[part]
        section[name] = value
    return recipe_from_mapping(body)


def _parse_overrides(
    overrides: Sequence[str],
) -> tuple[list[tuple[tuple[str, ...], Node]], list[Problem]]:
    """The overrides in order, each with its keys, and the errors of those that are not YAML."""
    parsed, problems = [], []
    for order, override in enumerate(overrides, start=1):
        try:
            parsed.append(_parse_override(override, order))
        except UnreadableRecipeError as error:
            problems.append(error.problem)
    return parsed, problems


def _parse_override(override: str, order: int) -> tuple[tuple[str, ...], Node]:
    shown = override if len(override) <= LONGEST_SHOWN else override[:LONGEST_SHOWN] + "..."
    source = f"--set {shown}"
    key, equals, text = override.partition("=")
    names = our_names(tuple(part.strip() for part in key.split(".")))
    if not equals or not all(names):
        message = "not an override; expected KEY=VALUE, such as model.hidden=32"
        raise UnreadableRecipeError(Problem(Where(order, 0, 0, source), "", message))
    if len(names) > DEEPEST:
        message = f"nested deeper than {DEEPEST} levels; expected a key such as model.hidden"
        raise UnreadableRecipeError(Problem(Where(order, 0, 0, source), "", message))
    if names[0] == "tune" and len(names) > 1:
        names = ("tune", ".".join(names[1:]))  # what is searched is one key with dots
    if text.strip() == STDIN:
        return names, Node(Where(order, 0, 0, source), STDIN, STDIN)
    return names, read_text(text, source, order=order)


def _with_paths(recipe: Recipe, root: Node, folder: Path) -> Recipe:
    """Make the paths of other files absolute, each against the place it was written at."""
    data, init = recipe.data, recipe.model.init
    data = data.model_copy(update={"path": _absolute_paths(data.path, root, folder)})
    test = data.split.test
    if recipe.deals_series and isinstance(test, str):
        path = _absolute(test, _node_at(root, "data", "split", "test"), folder)
        split = data.split.model_copy(update={"test": path})
        data = data.model_copy(update={"split": split})
    if init.checkpoint is not None:
        path = _absolute(init.checkpoint, _node_at(root, "model", "init", "checkpoint"), folder)
        init = init.model_copy(update={"checkpoint": path})
    model = recipe.model.model_copy(update={"init": init})
    return recipe.model_copy(update={"data": data, "model": model})


def _absolute_paths(
    paths: str | tuple[str, ...], root: Node, folder: Path
) -> str | tuple[str, ...]:
    """``data.path`` as it is written, a text or a list; standard input stays what it is."""
    node = _node_at(root, "data", "path")
    if isinstance(paths, tuple):
        return tuple(path if path == STDIN else _absolute(path, node, folder) for path in paths)
    return paths if paths == STDIN else _absolute(paths, node, folder)


def _node_at(root: Node, *keys: str) -> Node:
    for key in keys:
        root = root.value[key].node
    return root


def _absolute(path: str, node: Node, folder: Path) -> str:
    base = Path.cwd() if node.where.order > 0 else folder.resolve()
    expanded = Path(path).expanduser() if path.startswith("~/") else Path(path)
    return os.path.normpath(base / expanded)
