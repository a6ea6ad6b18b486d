"""The tree a recipe is read into: plain values that know where they were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grucli.text import clean

Path = tuple[str | int, ...]

DEEPEST = 32
MOST_NODES = 10_000
LONGEST_SHOWN = 60


@dataclass(frozen=True, order=True)
class Where:
    """A place in a file (lines and columns count from 1), or an override (``line`` is 0).

    ``order`` is 0 for the file and the number of the override otherwise, so that places sort.
    """

    order: int
    line: int
    column: int
    source: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, order=True)
class Problem:
    """One error of a recipe: where, at which key, what was found and what was expected.

    ``others`` are the other keys that it is about, where several do not go together.
    """

    where: Where
    path: str
    message: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line; characters that a terminal would obey are written as escapes."""
        parts = [str(self.where), self.path, self.message]
        return clean(": ".join(part for part in parts if part))


@dataclass(frozen=True)
class Node:
    """A value and where it stands. ``faults`` are the errors that reading it already found.

    ``value`` is a scalar, a list of nodes or a mapping of entries; ``text`` is a scalar as it was
    written; ``size`` counts this node and all below it, aliases as often as they are used.
    """

    where: Where
    value: Any
    text: str = ""
    size: int = 1
    faults: tuple["Fault", ...] = ()


@dataclass(frozen=True)
class Fault:
    """An error found while reading; ``key`` is the key below the node, if it is about one."""

    where: Where
    message: str
    key: str | None = None


@dataclass(frozen=True)
class Entry:
    """One line of a mapping: where its key stands, and its value."""

    where: Where
    node: Node


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as ``data.target[0]``."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += f"[{part}]"
        else:
            words += f".{part}" if words else part
    return words if len(words) <= LONGEST_SHOWN * 2 else words[: LONGEST_SHOWN * 2] + "..."


def node_of(value: Any, where: Where, *, depth: int = 0) -> Node:
    """Wrap plain values, such as a recipe kept in a checkpoint, all at one place."""
    if depth > DEEPEST:
        return Node(where, None, faults=(Fault(where, f"nested deeper than {DEEPEST} levels"),))
    if isinstance(value, Mapping):
        entries = {
            str(key): Entry(where, node_of(item, where, depth=depth + 1))
            for key, item in value.items()
        }
        return Node(where, entries)
    if isinstance(value, list | tuple):
        return Node(where, [node_of(item, where, depth=depth + 1) for item in value])
    text = "null" if value is None else str(value)
    return Node(where, value, text.lower() if isinstance(value, bool) else text)


def overridden(section: Node, keys: tuple[str, ...], node: Node) -> Node:
    """A section with one node below it put in place; sections that are missing come into being.

    Errors of what is replaced go with it, also that it was written twice.
    """
    name, entries = keys[0], section.value if isinstance(section.value, dict) else {}
    old = entries.get(name)
    if len(keys) > 1:
        below = Node(node.where, {}) if old is None else old.node
        node = overridden(below, keys[1:], node)
    where = node.where if old is None or len(keys) == 1 else old.where
    faults = tuple(fault for fault in section.faults if fault.key != name or len(keys) > 1)
    return replace(section, value={**entries, name: Entry(where, node)}, faults=faults)
