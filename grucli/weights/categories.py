"""The vectors that a model of ours has of the texts of its categories."""

from collections.abc import Mapping
from typing import Any

from grucli.weights.stacks import WeightFile

_VECTORS = "categories.vectors.{}"


def texts_of(file: WeightFile) -> Mapping[str, tuple[str, ...]]:
    """The texts of each category in the order of its vectors, the unknown as an empty one first."""
    scaler: Any = file.facts.get("scaler")
    kept = scaler.get("vocabularies") if isinstance(scaler, Mapping) else None
    if not isinstance(kept, Mapping):
        return {}
    return {name: ("", *texts) for name, texts in kept.items()}


def vector_names(columns: tuple[str, ...], categories: Mapping[str, Any]) -> dict[str, str]:
    """Of each category among the columns of a row the parameter that holds its vectors."""
    own = [name for name in columns if name in categories]
    return {name: _VECTORS.format(place) for place, name in enumerate(own)}


def columns_of(file: WeightFile) -> tuple[str, ...]:
    """The columns of a row of a model of ours, without flags; () where the file says none."""
    found = file.facts.get("columns")
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()
