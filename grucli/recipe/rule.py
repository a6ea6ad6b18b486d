"""A rule on what one key of a recipe demands of another."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """``breaks`` gets the values of ``keys``, in order, and says what is wrong or None.

    The first key is the one the error stands at; with ``is_missing`` it is one that should be
    there. A rule is left out where the recipe's task has no such key, or is not of the kind
    ``task``, where that is given.
    """

    keys: tuple[str, ...]
    breaks: Callable[..., str | None]
    is_missing: bool = False
    task: str = ""
