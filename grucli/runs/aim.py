"""What a first recipe learns to say: the kind of its task, and the column with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

from grucli.data import Look
from grucli.data.sniffing.numbers import Column
from grucli.errors import UsageError
from grucli.recipe.tasks import DEALT
from grucli.text import clean, some

TARGET_NAMES = ("y", "target", "value", "sales", "sold", "demand", "load", "price", "ot")
"""Names of columns that are forecast before others."""
LABEL_NAMES = ("label", "class", "state", "activity", "tag", "annotation")
"""Names of columns of texts that label rows."""
_MOST_CLASSES = 50
_MOST_NAMED = 8


@dataclass(frozen=True)
class Aim:
    """``column`` is the label, of a forecast the target where one was asked for; ``answer`` says
    whether labels are classes or numbers.
    """

    kind: str
    column: str | None = None
    answer: str = "class"

    @property
    def label(self) -> str | None:
        """The column with the truth of a task that is no forecast."""
        return None if self.kind == "forecast" else self.column


def find_aim(look: Look, task: str | None, column: str | None) -> Aim:
    """The task that was asked for, or else the one that a table looks made for.

    ``column`` is what is to be learned; None takes the first that will do. Raises UsageError for
    a task without such a column.
    """
    if task is not None and task not in _LABELS:
        raise UsageError(f"--task {task}: no such task; expected one of {', '.join(_LABELS)}")
    if task in DEALT and not look.series:
        raise UsageError(
            f"--task {task}: says one thing of each series, and {look.cells.source} is one; "
            "expected a column of names that tells series apart, or --task label"
        )
    if column is not None and column not in {each.name for each in look.columns}:
        taken = "the time, or names series" if column in look.cells.names else "no such column"
        expected = some([clean(each.name) for each in look.columns], _MOST_NAMED)
        raise UsageError(f"--target {column}: {taken}; expected one of {expected}")
    kind = task or _kind(look, column)
    if kind == "forecast":
        return Aim(kind, column and _checked(kind, column, _numbers(look)))
    fitting = _fitting(look, kind)
    if column is None and not fitting:
        raise UsageError(
            f"--task {kind}: no column looks like its label; expected {_LABELS[kind]}; name it "
            "with --target"
        )
    if column is None:
        column = fitting[0]
    else:
        _checked(kind, column, _possible(look, kind))
    return Aim(kind, column, "number" if kind == "regress" else _answer(_named(look, column)))


_LABELS = {
    "forecast": "a column of numbers",
    "classify": "a column of names, or whole numbers, that is the same in all rows of a series",
    "regress": "a column of numbers that is the same in all rows of a series",
    "label": "a column of texts or numbers that may change from row to row",
}


def _kind(look: Look, column: str | None) -> str:
    """The task of a column, or of a table where whole numbers count the steps of short episodes."""
    if column is not None:
        is_class = column in look.labels or column not in _numbers(look)
        if column in look.fixed:
            return "classify" if is_class else "regress"
        return "label" if is_class else "forecast"
    tasks = () if look.is_dated else ("classify", "regress", "label")
    return next((kind for kind in tasks if _fitting(look, kind, is_asked=False)), "forecast")


def _fitting(look: Look, kind: str, *, is_asked: bool = True) -> list[str]:
    """The columns that may be the label of a task, the likeliest first.

    What is constant in a series, or a text, may also be known beforehand: only a column with a
    usual name makes a table one of such a task, unless the task ``is_asked`` for.
    """
    possible = _possible(look, kind)
    if kind == "classify":
        return [*look.labels, *(name for name in possible if is_asked and name not in look.labels)]
    if kind == "label":
        numbers = _numbers(look)
        possible = [name for name in possible if name not in (*numbers, *look.fixed)]
    names = LABEL_NAMES if kind == "label" else (*TARGET_NAMES, "label")
    usual = [name for name in possible if name.casefold() in names]
    return [*usual, *(name for name in possible if is_asked and name not in usual)]


def _possible(look: Look, kind: str) -> list[str]:
    """The columns that can be the label of a task at all."""
    if kind == "label":
        return [column.name for column in look.columns if column.kind in ("text", "number")]
    if kind == "regress":
        return [name for name in look.fixed if name in _numbers(look)]
    return [name for name in look.fixed if _answer(_named(look, name)) == "class"]


def _checked(kind: str, column: str, possible: Sequence[str]) -> str:
    if column not in possible:
        raise UsageError(
            f"--target {column}: cannot be what task {kind} learns; expected {_LABELS[kind]}"
            + (f": {some([*map(clean, possible)], _MOST_NAMED)}" if possible else "")
        )
    return column


def _numbers(look: Look) -> list[str]:
    return [column.name for column in look.named("number")]


def _named(look: Look, name: str) -> Column:
    return next(column for column in look.columns if column.name == name)


def _answer(column: Column) -> str:
    """Whether a column says classes or numbers."""
    is_few = column.is_whole and column.distinct <= _MOST_CLASSES
    return "class" if column.kind == "text" or is_few else "number"
