"""What a key of the recipe expects, in words, from its JSON Schema; and what was found instead."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from grucli.recipe.nodes import LONGEST_SHOWN, Node
from grucli.recipe.scalars import UnreadableScalarError, read_scalar
from grucli.recipe.schema import Recipe
from grucli.recipe.tasks import KINDS

_ELSEWHERE = {
    "learning_rate": "lr",
    "num_epochs": "epochs",
    "grad_clip": "clip",
    "seq_len": "context",
    "lookback": "context",
    "pred_len": "horizon",
    "units": "hidden",
    "file": "path",
}
"""Names that other tools give to our keys."""

_BOOLEAN_WORDS = {"yes", "no", "on", "off", "y", "n", "true", "false"}
_NULL_WORDS = {"none", "null", "nil", "off", "no"}


@cache
def _recipe_schema() -> dict[str, Any]:
    return Recipe.model_json_schema()


class Wording:
    """The schema of a recipe with one kind of task: what stands where, and what was meant."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def schema_at(self, path: Sequence[str | int]) -> Mapping[str, Any] | None:
        """The JSON Schema of one key or list item; None where the recipe has no such key."""
        schema: Mapping[str, Any] | None = _recipe_schema()
        for part in path:
            if schema is None:
                return None
            if isinstance(part, int):
                options = schema.get("anyOf", [schema])
                schema = next((o["items"] for o in options if "items" in o), None)
            else:
                by_pattern = schema.get("patternProperties", {}).values() if "." in part else ()
                schema = schema.get("properties", {}).get(part) or next(iter(by_pattern), None)
            schema = None if schema is None else self._resolved(schema)
        if list(path) == ["task", "kind"]:
            return {"enum": list(KINDS)}
        return schema

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "oneOf" in schema:
            schema = {"$ref": KINDS[self.kind].__name__}
        reference = schema.get("$ref")
        if reference is None:
            return schema
        target: Mapping[str, Any] = _recipe_schema()["$defs"][reference.rsplit("/", 1)[-1]]
        return target

    def keys_of(self, section: Sequence[str | int]) -> list[str]:
        """The keys that a section may hold, in the order of the schema."""
        return list((self.schema_at(section) or {}).get("properties", {}))

    def meant_by(self, name: str, section: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
        """The path that was most likely meant by an unknown key of a section.

        That is a key of just this name in another section, one of a similar name in the same
        section, or one that other tools call by this name.
        """
        siblings, other = self.keys_of(section), _ELSEWHERE.get(name.lower(), "")
        close = other if other in siblings else _closest(name, siblings)
        beside = None if close is None else (*section, close)
        return self._home_of(name) or beside or self._home_of(other)

    def _home_of(self, name: str) -> tuple[str, ...] | None:
        homes = [path for path in self._sections() if name in self.keys_of(path)]
        return (*homes[0], name) if len(homes) == 1 else None

    def _sections(self, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        yield path
        for name, schema in (self.schema_at(path) or {}).get("properties", {}).items():
            if "$ref" in schema or "oneOf" in schema:
                yield from self._sections((*path, name))


def expected(schema: Mapping[str, Any]) -> str:
    """Say what a value has to be: "a whole number >= 1, or null"."""
    if "anyOf" in schema and "errorMessage" not in schema:
        options = [expected(option) for option in schema["anyOf"]]
        if options[-1] == "null":
            return f"{' or '.join(options[:-1])}, or null"
        return " or ".join(options)
    if "errorMessage" in schema:
        return str(schema["errorMessage"])
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        return f"one of {', '.join(options)}" if len(options) > 1 else str(options[0])
    kinds = {"boolean": "true or false", "null": "null", "string": "a text"}
    kind = schema["type"]
    if kind in kinds:
        return kinds[kind]
    if kind == "array":
        return "a list of texts"
    if kind == "object":
        return f"a section with keys such as {', '.join(list(schema['properties'])[:3])}"
    return ("a whole number" if kind == "integer" else "a number") + _range(schema)


def _range(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "exclusiveMaximum": "<", "maximum": "<="}
    bounds = [f"{sign} {schema[key]}" for key, sign in signs.items() if key in schema]
    return " " + " and ".join(bounds) if bounds else ""


def found(node: Node) -> str:
    """Say what stands there, as it was written."""
    if isinstance(node.value, list):
        return "a list" if node.value else "an empty list"
    if isinstance(node.value, dict):
        return "a section"
    if node.text == "" and node.value is None:
        return "nothing"
    shown = node.text if len(node.text) <= LONGEST_SHOWN else node.text[:LONGEST_SHOWN] + "..."
    return f'the text "{shown}"' if isinstance(node.value, str) else shown


def kinds(schema: Mapping[str, Any]) -> set[str]:
    """The kinds of values that a schema takes, such as ``integer`` and ``null``."""
    if "anyOf" in schema:
        return set().union(*(kinds(option) for option in schema["anyOf"]))
    return {str(schema.get("type"))}


def remedy(node: Node, schema: Mapping[str, Any]) -> str | None:
    """What to write instead, where the mistake is a common one."""
    value, known = node.value, kinds(schema)
    options = [str(option) for option in schema.get("enum", [])]
    if value in ("", []):
        return "it must not be empty"
    if options:
        wanted = "none" if value is None and "none" in options else _closest(node.text, options)
        return f"did you mean '{wanted}'?" if wanted else None
    if isinstance(value, str):
        return _remedy_of_text(value, known)
    is_text = known <= {"string", "null", "array"}
    if isinstance(value, float) and is_text:
        return f'quote it: "{node.text}"'
    if isinstance(value, float) and "number" not in known and value.is_integer() and value < 1e15:
        return f"write {int(value)}"
    if isinstance(value, float) and value - value != 0:
        return "it has to be finite"
    is_scalar = isinstance(value, bool | int | float)
    return f'quote it: "{node.text}"' if is_scalar and is_text else None


def _remedy_of_text(text: str, kinds: set[str]) -> str | None:
    word = text.lower()
    if "boolean" in kinds and word in _BOOLEAN_WORDS:
        return "write true or false, in small letters and without quotes"
    if "null" in kinds and word in _NULL_WORDS:
        return "write null, without quotes"
    try:
        is_number = isinstance(read_scalar(text.strip()), int | float)
    except UnreadableScalarError:
        return None
    return "remove the quotes" if is_number and kinds & {"integer", "number"} else None


def _closest(text: str, options: Sequence[str]) -> str | None:
    close = difflib.get_close_matches(text.lower(), options, n=1)
    return close[0] if close else None
