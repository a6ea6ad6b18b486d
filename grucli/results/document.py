"""Any report as one strict JSON document."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any

SCHEMA_VERSION = 1


def _strict(value: Any) -> Any:
    """Replace what JSON cannot hold: numbers that are not finite become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return _strict(_members(value)) if is_dataclass(value) else value


def to_json(report: Any, *, indent: int | None = 2) -> str:
    """Write a report as one strict JSON document with its ``schema_version``."""
    body = {"schema_version": SCHEMA_VERSION, "kind": type(report).__name__} | _members(report)
    write = partial(
        json.dumps, indent=indent, ensure_ascii=False, allow_nan=False, default=_members
    )
    try:
        return write(body)  # many times as fast, and nearly always possible
    except ValueError:
        return write(_strict(body))


def _members(value: Any) -> dict[str, Any]:
    """What a mapping or a dataclass holds, as far as documents show it."""
    if isinstance(value, Mapping):
        return dict(value)
    kind: type = type(value)
    hidden = _hidden(kind)
    return {name: item for name, item in vars(value).items() if name not in hidden}


@cache
def _hidden(kind: type) -> frozenset[str]:
    """The fields of a dataclass that stand in no document."""
    if not is_dataclass(kind):
        return frozenset()
    return frozenset(entry.name for entry in fields(kind) if not entry.metadata.get("json", True))
