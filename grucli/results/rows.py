"""One row for each number that people meet: written at its field, read by whatever shows it.

A field made with ``row`` is a number to be explained; fields without one name or sort what is
measured. The function that computes it stands under the same name in a table of its own room, and
its docstring is the text in docs/statistics.md.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Literal, TypeVar

Row = TypeVar("Row")
_NUMBERS = (float, int, float | None, int | None)


@dataclass(frozen=True)
class Metric:
    """An error of forecasts; ``unit`` stands behind its name in a heading.

    One ``of_chances`` says nothing new of forecasts of one number.

    ``words`` replace the name where it is no word, ``undefined`` says when there is no number.
    """

    words: str = ""
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"
    undefined: str = ""
    is_scaled: bool = False
    of_chances: bool = False


Topic = Literal[
    "entries", "size", "directions", "recurrence", "power law", "rows", "columns", "change"
]
"""What a number is about: the single entries, how far a matrix stretches a vector, in how many
directions, what it does when its results come back to it, the tail of its spectrum, its rows, its
columns, or what differs between two files."""


@dataclass(frozen=True)
class Statistic:
    """A number of a matrix: the heading of its column and, where that does not say it, a meaning.

    A heading of several columns has them all, joined with commas, its meaning says whose it is.
    ``table`` is the topic under which the column stands; ``place`` orders columns from the left.
    Those of low ``rank`` are kept first on a narrow screen; those without one are there when
    matrices are sorted by them. Vectors have statistics of entries, and others that say so.
    """

    heading: str
    meaning: str = ""
    table: Topic = "directions"
    place: int = 99
    rank: int | None = None
    is_of_vectors: bool = False
    is_share: bool = False

    @property
    def is_of_entries(self) -> bool:
        """Whether it is a statistic of the single entries, whatever their places."""
        return self.table == "entries" or self.is_of_vectors

    @property
    def headings(self) -> tuple[str, ...]:
        """Those of its columns."""
        return tuple(self.heading.split(", "))


@dataclass(frozen=True)
class Recorded:
    """A number of a matrix while it is learned: what a page calls it, and the label of its axis.

    ``axis`` is the label in a figure, empty where none is drawn; ``is_wide`` numbers span so much
    that their axis is logarithmic.
    """

    words: str = ""
    label: str = ""
    axis: str = ""
    is_wide: bool = False


def row(facts: Any, **options: Any) -> Any:
    """A dataclass field with its row; ``options`` are those of ``dataclasses.field``."""
    return field(metadata={"row": facts}, **options)


def rows_of(report: type, kind: type[Row]) -> dict[str, Row]:
    """The rows of a report by the names of its fields, in their order."""
    every = {item.name: item.metadata.get("row") for item in fields(report)}
    return {name: facts for name, facts in every.items() if isinstance(facts, kind)}


@cache
def quantities(report: type) -> tuple[str, ...]:
    """The fields with a row that hold one number: what can be sorted by and checked."""
    return tuple(
        item.name for item in fields(report) if "row" in item.metadata and item.type in _NUMBERS
    )
