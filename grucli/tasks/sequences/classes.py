"""Classes as an answer: which there are, and what a checkpoint keeps of them."""

from collections.abc import Mapping
from typing import Any

from grucli.errors import DataError
from grucli.forms import Fields, Form, Listed, Number, Text
from grucli.text import quoted

_SHOWN = 10


def class_facts(counts: Mapping[str, int], *, where: str, what: str) -> dict[str, Any]:
    """The classes in the order of a model's outputs, and how many are learned from of each.

    ``where`` is the column in its table, ``what`` is counted. Raises DataError for fewer than two.
    """
    classes = sorted(counts, key=_order)
    if len(classes) < 2:
        found = f"{quoted(classes[0])} in all {what}" if classes else f"no class in any {what}"
        raise DataError(
            f"{where}: {found} of the training part; expected at least 2 classes; check "
            "task.label or change data.split"
        )
    return {"classes": classes, "counts": [counts[name] for name in classes]}


def class_facts_form() -> Form:
    """What such facts have to be."""
    count = Number(least=0, most=2**53, whole=True)
    return Fields({"classes": Listed(Text(), least=1), "counts": Listed(count, least=1)})


def class_words(facts: Mapping[str, Any]) -> str:
    """How many there are of each class."""
    words = [f"{n} {count}" for n, count in zip(facts["classes"], facts["counts"], strict=True)]
    shown = ", ".join(words[:_SHOWN]) + (", ..." if len(words) > _SHOWN else "")
    return f"{len(words)} classes, of which to learn from: {shown}"


def unknown_class(where: str, found: str, place: str, facts: Mapping[str, Any]) -> DataError:
    """What to raise for a class that was not trained on."""
    known = ", ".join(facts["classes"][:_SHOWN])
    return DataError(
        f"{where}: {quoted(found)} {place}; expected a class that was trained on: {known}; "
        "correct it or change data.split"
    )


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by size, then texts by letters."""
    is_number = name.isascii() and name.isdigit()
    return not is_number, float(name) if is_number else 0.0, name
