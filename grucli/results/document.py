"""Any report as one strict JSON document."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any

from grucli.results.renamed import with_old_keys

SCHEMA_VERSION = 2


Members = Callable[[Any], dict[str, Any]]


def _strict(value: Any, members: Members) -> Any:
    """Replace what JSON cannot hold: numbers that are not finite become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(item, members) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item, members) for item in value]
    return _strict(members(value), members) if is_dataclass(value) else value


def to_json(report: Any, *, indent: int | None = 2, old_keys: bool = True) -> str:
    r"""Write a report as one strict JSON document with its ``schema_version``.

    With ``old_keys`` those that were renamed stand there twice, see ``renamed``. A byte of a path
    that is not UTF-8 stands as an escape, ``\udcff``, from which ``os.fsencode`` makes it again.
    """
    members = partial(_members, old_keys=old_keys)
    body = {"schema_version": SCHEMA_VERSION, "kind": type(report).__name__} | members(report)
    write = partial(json.dumps, indent=indent, ensure_ascii=False, allow_nan=False, default=members)
    try:
        text = write(body)  # many times as fast, and nearly always possible
    except ValueError:
        text = write(_strict(body, members))
    return text.encode(errors="backslashreplace").decode()


def _members(value: Any, *, old_keys: bool) -> dict[str, Any]:
    """What a mapping or a dataclass holds, as far as documents show it."""
    if isinstance(value, Mapping):
        return dict(value)
    kind: type = type(value)
    hidden = _hidden(kind)
    shown = {name: item for name, item in vars(value).items() if name not in hidden}
    return with_old_keys(kind, shown) if old_keys else shown


@cache
def _hidden(kind: type) -> frozenset[str]:
    """The fields of a dataclass that stand in no document."""
    if not is_dataclass(kind):
        return frozenset()
    return frozenset(entry.name for entry in fields(kind) if not entry.metadata.get("json", True))
