"""A recipe that was written from a look at a table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RecipeDraft:
    """``recipe`` is the text of a commented recipe, ``values`` the same without its comments.

    ``seen`` maps what was looked for (``delimiter``, ``frequency`` ...) to what was found, in
    words.
    """

    table: str
    seen: Mapping[str, str]
    values: Mapping[str, object]
    recipe: str


@dataclass(frozen=True)
class ExampleFiles:
    """A shipped recipe and its table, as paths of the copies that were written."""

    recipe: str
    table: str
