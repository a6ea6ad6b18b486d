"""Every key of a recipe as one row, for pages and for the completion of a shell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grucli.recipe.schema import Recipe
from grucli.recipe.tasks import KINDS
from grucli.recipe.wording import expected


@dataclass(frozen=True)
class Key:
    """A key by its ``path`` such as ``train.lr``: what it takes, its default and its help.

    ``task`` is the kind of task that has it, empty for all; ``default`` is as JSON has it, and
    ``is_required`` says that there is none.
    """

    path: str
    task: str
    takes: str
    choices: tuple[str, ...]
    default: Any
    is_required: bool
    help: str


def recipe_keys() -> Iterator[Key]:
    """All keys, section by section in the order of the schema."""
    schema = Recipe.model_json_schema()
    sections = schema["$defs"]
    for name, known in schema["properties"].items():
        if name != "task":
            own = {"properties": {name: known}, "required": schema["required"]}
            yield from _keys(own, sections)
            continue
        for kind, section in KINDS.items():
            yield from _keys(sections[section.__name__], sections, ("task",), kind)


def _keys(
    section: Mapping[str, Any],
    sections: Mapping[str, Any],
    path: tuple[str, ...] = (),
    task: str = "",
) -> Iterator[Key]:
    for name, known in section["properties"].items():
        if "$ref" in known:
            below = sections[known["$ref"].rsplit("/", 1)[-1]]
            yield from _keys(below, sections, (*path, name), task)
            continue
        yield Key(
            path=".".join((*path, name)),
            task=task,
            takes=expected(known),
            choices=_choices(known),
            default=known.get("default"),
            is_required=name in section.get("required", ()),
            help=known["description"],
        )


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    if "anyOf" in schema:
        return tuple(word for option in schema["anyOf"] for word in _choices(option))
    return tuple(schema.get("enum", ()))
