"""Nodes to a Recipe, or to all of its errors at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from grucli.recipe import wording
from grucli.recipe.conflicts import Conflict, find_conflicts
from grucli.recipe.nodes import Node, Path, Problem, Where, dotted
from grucli.recipe.schema import Recipe
from grucli.recipe.tasks import DEFAULT_KIND, KINDS, kind_of
from grucli.recipe.wording import Wording


@dataclass
class _Findings:
    """Where every key and value stands, the errors so far, and what they make useless.

    ``unusable`` holds keys whose value is wrong, ``partial`` sections that may hold more than
    could be read.
    """

    nodes: dict[Path, Node] = field(default_factory=dict)
    keys: dict[Path, Where] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unusable: set[Path] = field(default_factory=set)
    partial: set[Path] = field(default_factory=set)

    def report(self, where: Where, path: Path, message: str, others: Sequence[Path] = ()) -> None:
        self.problems.append(Problem(where, dotted(path), message, tuple(map(dotted, others))))
        self.unusable.add(path)

    def place_of(self, path: Path) -> Where:
        """Where the key stands, or else the section that should hold it."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys[path]


def validate(root: Node) -> tuple[Recipe | None, list[Problem]]:
    """Check everything; exactly one of the two answers holds something.

    The problems are sorted by where they stand.
    """
    findings = _Findings(keys={(): root.where})
    plain = _plain(root, (), findings)
    words = Wording(_kind_of(plain))
    recipe = None
    try:
        recipe = Recipe.model_validate(plain)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        for detail in sorted(details, key=lambda item: item["type"] == "missing"):
            _report(detail, findings, words)
    if isinstance(plain, dict):
        _report_conflicts(plain, findings, words)
    problems = sorted(set(findings.problems))
    return (None if problems else recipe), problems


def _kind_of(plain: Any) -> str:
    """The kind of task whose keys are expected; of an unknown one, those of the usual."""
    kind = kind_of(plain.get("task")) if isinstance(plain, dict) else DEFAULT_KIND
    return kind if isinstance(kind, str) and kind in KINDS else DEFAULT_KIND


def _plain(node: Node, path: Path, findings: _Findings) -> Any:
    """Plain values for pydantic; what could not be read is reported and becomes None."""
    findings.nodes[path] = node
    for fault in node.faults:
        about = path if fault.key is None else (*path, fault.key)
        findings.problems.append(Problem(fault.where, dotted(about), fault.message))
        findings.partial.add(path)
    if node.faults and not isinstance(node.value, dict):
        findings.unusable.add(path)
    if isinstance(node.value, list):
        return [_plain(item, (*path, i), findings) for i, item in enumerate(node.value)]
    if not isinstance(node.value, dict):
        return node.value
    plain = {}
    for name, entry in node.value.items():
        findings.keys[(*path, name)] = entry.where
        plain[name] = _plain(entry.node, (*path, name), findings)
    return plain


def _report(detail: ErrorDetails, findings: _Findings, words: Wording) -> None:
    """Put one of pydantic's errors into our words, at the place it is about."""
    kind, path = detail["type"], _without_tag(detail["loc"])
    if kind == "conflict":
        return
    if kind == "missing":
        _report_missing(path, findings, words)
        return
    if kind == "union_tag_invalid":
        findings.unusable.add(path)
        path = (*path, "kind")
    while path not in findings.nodes:
        path = path[:-1]
    is_unknown = kind == "extra_forbidden" or words.schema_at(path) is None
    if kind == "union_tag_invalid" and path in findings.nodes:
        _report_value(path, findings, words)
        return
    above = range(len(path) + (0 if is_unknown else 1))
    if any(path[:depth] in findings.unusable for depth in above):
        return
    if is_unknown:
        _report_unknown(path, findings, words)
        return
    _report_value(path, findings, words)


def _without_tag(path: Path) -> Path:
    """A place without the kind that pydantic names after the section of a task."""
    return (path[0], *path[2:]) if path[:1] == ("task",) and len(path) > 1 else path


def _report_value(path: Path, findings: _Findings, words: Wording) -> None:
    node, schema = findings.nodes[path], words.schema_at(path) or {}
    message = f"found {wording.found(node)}; expected {wording.expected(schema)}"
    remedy = wording.remedy(node, schema)
    findings.report(node.where, path, f"{message}; {remedy}" if remedy else message)


def _report_unknown(path: Path, findings: _Findings, words: Wording) -> None:
    """An unknown key stands at the key; the key that was meant is then not missing."""
    meant = words.meant_by(str(path[-1]), path[:-1])
    if meant is None:
        message = f"unknown key; expected one of {', '.join(words.keys_of(path[:-1]))}"
    else:
        shown = meant[-1] if meant[:-1] == path[:-1] else dotted(meant)
        message = f"unknown key; did you mean '{shown}'?"
        findings.unusable.add(meant)
    findings.report(findings.keys[path], path, message)


def _report_missing(path: Path, findings: _Findings, words: Wording) -> None:
    is_explained = path in findings.unusable or path[:-1] in findings.partial
    findings.unusable.add(path)
    if not is_explained:
        message = f"missing; expected {wording.expected(words.schema_at(path) or {})}"
        findings.report(findings.place_of(path), path, message)


def _report_conflicts(plain: Mapping[str, Any], findings: _Findings, words: Wording) -> None:
    values, kind = _with_defaults(Recipe, plain), words.kind
    values["task"] = _with_defaults(KINDS[kind], _mapping(plain.get("task"))) | {"kind": kind}
    for conflict in find_conflicts(values, unusable=_text_paths(findings.unusable)):
        if conflict.is_missing:
            _report_absent(conflict, findings, words)
            continue
        written = [path for path in conflict.paths if path in findings.keys]
        where = findings.place_of((written or conflict.paths)[0])
        findings.report(where, conflict.paths[0], conflict.message, conflict.paths[1:])


def _report_absent(conflict: Conflict, findings: _Findings, words: Wording) -> None:
    """A key that should be there, or holds nothing."""
    path = conflict.paths[0]
    if path in findings.nodes:
        _report_value(path, findings, words)
    elif path[:-1] not in findings.partial:
        findings.report(findings.place_of(path), path, conflict.message, conflict.paths[1:])


def _text_paths(paths: set[Path]) -> set[tuple[str, ...]]:
    """Paths of keys; an error in a list item makes the whole list unusable."""
    texts = set()
    for path in paths:
        names = [part for part in path if isinstance(part, str)]
        texts.add(tuple(names))
    return texts - {()}


def _mapping(written: Any) -> Mapping[str, Any]:
    return written if isinstance(written, Mapping) else {}


def _with_defaults(section: type[BaseModel], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Every key of a section: as written, or its default, or None where it has neither."""
    values: dict[str, Any] = {}
    for name, known in section.model_fields.items():
        written = plain.get(name)
        kind = known.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            values[name] = _with_defaults(kind, _mapping(written))
        else:
            values[name] = written if name in plain else known.get_default()
    return values
