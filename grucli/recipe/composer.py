"""YAML events to nodes: PyYAML's safe parser for the syntax, our own reading of what it parsed.

PyYAML's own loaders keep the last of two equal keys, read 12:30 as 750 and ``no`` as false, and
forget where things stood; so only its stream of events is used here.
"""

from dataclasses import replace
from typing import Any

import yaml
from yaml.reader import ReaderError

from grucli.recipe.nodes import DEEPEST, MOST_NODES, Entry, Fault, Node, Problem, Where
from grucli.recipe.scalars import UnreadableScalarError, read_scalar
from grucli.recipe.syntax import explain


class UnreadableRecipeError(Exception):
    """The text is not YAML, or not YAML that a recipe may hold: reading stopped at ``problem``."""

    def __init__(self, problem: Problem) -> None:
        """Keep the one problem."""
        super().__init__(str(problem))
        self.problem = problem


def stop(where: Where, message: str) -> UnreadableRecipeError:
    """The error that ends reading at ``where``."""
    return UnreadableRecipeError(Problem(where, "", message))


def place_of(text: str, index: int, source: str, order: int = 0) -> Where:
    """Line and column of a character, or of an override as a whole."""
    before = text[:index]
    line, column = before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
    return Where(order, 0 if order else line, 0 if order else column, source)


class Composer:
    """Builds nodes from the events of one document."""

    def __init__(self, text: str, source: str, order: int) -> None:
        self._text, self._source, self._order = text, source, order
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()
        try:
            self._loader: Any = yaml.SafeLoader(text)
        except ReaderError as error:
            message = f"found character {error.character:#06x}, which YAML does not allow"
            where = place_of(text, error.position, source, order)
            raise stop(where, f"{message}; remove it") from error

    def document(self) -> Node:
        """The only document of the text; a null node when there is nothing in it."""
        try:
            self._next()
            if self._loader.check_event(yaml.StreamEndEvent):
                return Node(self._where(None), None)
            self._next()
            root = self._node(self._next(), 0)
            self._next()
            if not self._loader.check_event(yaml.StreamEndEvent):
                event = self._loader.peek_event()
                message = "found a second document; expected one recipe a file"
                raise stop(self._where(event.start_mark), message)
            return root
        except yaml.MarkedYAMLError as error:
            mark, message = explain(error, self._text)
            raise stop(self._where(mark), message) from error
        except (ValueError, OverflowError) as error:
            message = "found an escape or a directive that YAML does not allow"
            raise stop(self._where(self._loader.get_mark()), message) from error

    def _next(self) -> Any:
        return self._loader.get_event()

    def _where(self, mark: Any) -> Where:
        if self._order:
            return Where(self._order, 0, 0, self._source)
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        return Where(0, line + 1, column + 1, self._source)

    def _node(self, event: Any, depth: int) -> Node:
        where = self._where(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, where)
        if depth > DEEPEST:
            raise stop(where, f"nested deeper than {DEEPEST} levels; expected a flatter recipe")
        if event.anchor is not None:
            self._open.add(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            node = _scalar(event, where)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(where, depth)
        else:
            node = self._mapping(where, depth)
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"found the tag {tag}; tags have no meaning in a recipe; remove it"
            node = replace(node, faults=(Fault(where, message),))
        if event.anchor is not None:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = node
        self._refuse_size(node.size, where)
        return node

    def _alias(self, anchor: str | None, where: Where) -> Node:
        if anchor in self._open:
            raise stop(where, f"found the alias *{anchor} inside what it stands for")
        if anchor not in self._anchors:
            hint = f"anchor a value with &{anchor} first, or quote a text that begins with *"
            raise stop(where, f"found the alias *{anchor}, which is not defined; {hint}")
        return self._anchors[anchor]

    def _refuse_size(self, size: int, where: Where) -> None:
        if size > MOST_NODES:
            message = f"found more than {MOST_NODES} values (aliases count each time)"
            raise stop(where, f"{message}; expected a smaller recipe")

    def _sequence(self, where: Where, depth: int) -> Node:
        items: list[Node] = []
        size = 1
        while not self._loader.check_event(yaml.SequenceEndEvent):
            items.append(self._node(self._next(), depth + 1))
            size += items[-1].size
            self._refuse_size(size, where)
        self._next()
        return Node(where, items, size=size)

    def _mapping(self, where: Where, depth: int) -> Node:
        entries: dict[str, Entry] = {}
        faults: list[Fault] = []
        size = 1
        while not self._loader.check_event(yaml.MappingEndEvent):
            key_event = self._next()
            key_where = self._where(key_event.start_mark)
            key = self._node(key_event, depth + 1)
            value = self._node(self._next(), depth + 1)
            size += key.size + value.size
            self._refuse_size(size, where)
            fault = _key_fault(key_event, key, key_where, entries)
            if fault is None:
                entries[key.text] = Entry(key_where, value)
            else:
                faults.append(fault)
        self._next()
        return Node(where, entries, size=size, faults=tuple(faults))


def _scalar(event: yaml.ScalarEvent, where: Where) -> Node:
    text = event.value
    if not event.implicit[0]:
        return Node(where, text, text)
    try:
        return Node(where, read_scalar(text), text)
    except UnreadableScalarError as error:
        return Node(where, None, text, faults=(Fault(where, str(error)),))


def _key_fault(event: Any, key: Node, where: Where, entries: dict[str, Entry]) -> Fault | None:
    """What is wrong with a key: not a text, empty, a merge, or there already."""
    if isinstance(key.value, list | dict):
        return Fault(where, "found a list or section as a key; expected a name")
    if key.text == "" or isinstance(event, yaml.AliasEvent):
        return Fault(where, "found no name before ':'; expected a key written out")
    if key.text == "<<":
        return Fault(where, "found the merge key <<; YAML 1.2 has none; write the keys out")
    if key.text in entries:
        first = entries[key.text].where
        at = f"first in line {first.line}; " if first.line else ""
        return Fault(where, f"written twice, {at}keep one of the two", key.text)
    return None
