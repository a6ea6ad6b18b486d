"""Rules on keys that a task needs or has no use for, and on what it cuts its samples from.

Which those keys are stands with each task in ``grucli.recipe.tasks``.
"""

from collections.abc import Callable, Sequence
from typing import Any

from grucli.recipe.rule import Rule
from grucli.recipe.task_section import Unused
from grucli.recipe.tasks import KINDS, deals_series


def _unused(key: Unused) -> Callable[[Any, str], str | None]:
    """The rule that a key has its default."""

    def breaks(value: Any, task: str) -> str | None:
        usual = key.usual
        if value == usual or (isinstance(value, list) and tuple(value) == usual):
            return None
        found, expected = _words(value), _words(usual)
        return f"found {found} with task.kind {task}; {key.why}; expected {expected}"

    return breaks


def _words(value: Any) -> str:
    """A value as a recipe has it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _needed(expected: str) -> Callable[[Any, str], str | None]:
    """The rule that a key is there."""
    return lambda value, _task: None if value else f"missing; expected {expected}"


def _numbers_without_logarithm(numbers: str, transform: str) -> str | None:
    whole = {"log": ("whole", "counts"), "log1p": ("whole",)}
    if numbers not in whole.get(transform, ()):
        return None
    return (
        f"found {numbers} with data.transform {transform}, which has no result for all of them; "
        "expected counts with log1p, or data.transform none"
    )


def _label_twice(
    label: str,
    time: str | Sequence[str],
    series: str | Sequence[str],
    past: Sequence[str],
    static: Sequence[str],
) -> str | None:
    names = {"the time column": [time] if isinstance(time, str) else time, "in data.past": past}
    names["in data.static"] = static
    names["in data.series"] = [series] if isinstance(series, str) else series
    for what, known in names.items():
        if label in known:
            return f"found '{label}', which is {what}; expected a column of its own"
    return None


def _length_of_train(train: Any, task: str, series: Sequence[str], by: str) -> str | None:
    if deals_series(task, series, by) and train is not None:
        return (
            f"found {train} with task.kind {task}; expected null: what is left by valid and test "
            "is learned from"
        )
    return None


def _time_of_valid(valid: Any, task: str, series: Sequence[str], by: str) -> str | None:
    if deals_series(task, series, by) and isinstance(valid, str):
        return f"found '{valid}' with task.kind {task}; expected a fraction or a number of series"
    return None


def _column_beside_table(
    column: str | None, test: Any, task: str, series: Sequence[str], by: str
) -> str | None:
    if deals_series(task, series, by) and column is not None and isinstance(test, str):
        return f"found {column} beside data.split.test '{test}'; expected only one of the two"
    return None


def _dealt_by_time(usual: Any) -> Callable[[Any, str, Sequence[str], str], str | None]:
    """A key of how whole series are dealt out, where none are."""

    def breaks(value: Any, task: str, series: Sequence[str], by: str) -> str | None:
        if deals_series(task, series, by) or value == usual:
            return None
        shown = "null" if usual is None else usual
        return f"found {value} with task.kind {task}; its spans are cut by time; expected {shown}"

    return breaks


_DEALING = ("task.kind", "data.series", "data.split.by")
TASK_RULES = (
    *(
        Rule((key, "task.kind"), _needed(expected), is_missing=True, task=kind)
        for kind, section in KINDS.items()
        for key, expected in section.needs.items()
    ),
    *(
        Rule((key.key, "task.kind"), _unused(key), task=kind)
        for kind, section in KINDS.items()
        for key in section.unused
    ),
    Rule(
        ("task.label", "data.time", "data.series", "data.past", "data.static"),
        _label_twice,
    ),
    Rule(("task.numbers", "data.transform"), _numbers_without_logarithm, task="forecast"),
    Rule(("data.split.train", *_DEALING), _length_of_train),
    Rule(("data.split.valid", *_DEALING), _time_of_valid),
    Rule(("data.split.column", "data.split.test", *_DEALING), _column_beside_table),
    Rule(("data.split.column", *_DEALING), _dealt_by_time(None)),
    Rule(("data.split.seed", *_DEALING), _dealt_by_time(0)),
)
