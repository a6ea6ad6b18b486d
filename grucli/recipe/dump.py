"""A Recipe to YAML that reads back to the same Recipe."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from grucli.recipe.scalars import UnreadableScalarError, read_scalar
from grucli.recipe.schema import Recipe

_HEADER = "# Every key of the recipe, defaults filled in and paths absolute.\n"
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+-]*")


def dump_recipe(recipe: Recipe) -> str:
    """Write every key, one a line, in the order of the schema: the same bytes for equal recipes."""
    return _HEADER + "\n".join(_lines(recipe.model_dump(mode="json"), "")) + "\n"


def _lines(section: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield f"{indent}{scalar_text(key)}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{scalar_text(key)}: [{', '.join(map(scalar_text, value))}]"
        else:
            yield f"{indent}{scalar_text(key)}: {scalar_text(value)}"


def scalar_text(value: Any) -> str:
    """One value as YAML that reads back to it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """Quotes only where YAML would read something else than this text."""
    try:
        is_plain = _PLAIN.fullmatch(text) is not None and read_scalar(text) == text
    except UnreadableScalarError:
        is_plain = False
    return text if is_plain else '"' + "".join(map(_quoted, text)) + '"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
