"""Rules on keys that make no sense for a kind of task, or that it cannot do without."""

from collections.abc import Callable, Sequence
from typing import Any

from grucli.recipe.rule import Rule
from grucli.recipe.tasks import DEALT, deals_series


def _only_for(
    kinds: str | Sequence[str], default: Any, why: str
) -> Callable[[Any, str], str | None]:
    """A key that has its default wherever the task is of another kind."""
    known = (kinds,) if isinstance(kinds, str) else kinds

    def breaks(value: Any, task: str) -> str | None:
        usual = value == default or (isinstance(value, list) and tuple(value) == default)
        if task in known or usual:
            return None
        found = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        shown = "null" if default is None else default
        expected = ", ".join(shown) or "none" if isinstance(shown, tuple) else shown
        return f"found {found} with task.kind {task}; {why}; expected {expected}"

    return breaks


def _numbers_without_logarithm(numbers: str, transform: str) -> str | None:
    whole = {"log": ("whole", "counts"), "log1p": ("whole",)}
    if numbers not in whole.get(transform, ()):
        return None
    return (
        f"found {numbers} with data.transform {transform}, which has no result for all of them; "
        "expected counts with log1p, or data.transform none"
    )


def _no_target(target: Sequence[str], task: str) -> str | None:
    if task == "forecast" and not target:
        return "missing; expected a text or a list of texts"
    return None


def _no_inputs(past: Sequence[str], task: str) -> str | None:
    if task != "forecast" and not past:
        return "missing; expected a list of the columns that the model reads"
    return None


def _no_series(series: Sequence[str], task: str) -> str | None:
    if task in DEALT and not series:
        return "missing; expected the column of names that tells the series apart"
    return None


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
_NO_STEPS = "it is about steps ahead"
TASK_RULES = (
    Rule(("data.target", "task.kind"), _no_target, is_missing=True),
    Rule(("data.past", "task.kind"), _no_inputs, is_missing=True),
    Rule(("data.series", "task.kind"), _no_series, is_missing=True),
    Rule(("task.label", "data.time", "data.series", "data.past", "data.static"), _label_twice),
    Rule(
        ("data.target", "task.kind"),
        _only_for("forecast", (), "the truth is task.label, and data.past what is read"),
    ),
    Rule(
        ("data.scale_by", "task.kind"),
        _only_for("forecast", "table", "each series would be scaled by what it is told apart by"),
    ),
    Rule(
        ("data.future", "task.kind"),
        _only_for("forecast", (), "nothing is ahead of the rows that are read"),
    ),
    Rule(
        ("data.transform", "task.kind"),
        _only_for(("forecast", "regress", "label"), "none", "there is no target to turn"),
    ),
    Rule(("task.numbers", "data.transform"), _numbers_without_logarithm, task="forecast"),
    Rule(("data.split.train", *_DEALING), _length_of_train),
    Rule(("data.split.valid", *_DEALING), _time_of_valid),
    Rule(("data.split.column", "data.split.test", *_DEALING), _column_beside_table),
    Rule(("data.split.column", *_DEALING), _dealt_by_time(None)),
    Rule(("data.split.seed", *_DEALING), _dealt_by_time(0)),
    Rule(
        ("data.split.by", "task.kind"),
        _only_for("label", "series", "only labels of rows can be cut either way"),
    ),
    Rule(("model.decoder", "task.kind"), _only_for("forecast", "direct", _NO_STEPS)),
    Rule(("model.skip", "task.kind"), _only_for("forecast", "none", _NO_STEPS)),
    Rule(
        ("model.channels", "task.kind"),
        _only_for("forecast", "joint", "there is one answer for all columns"),
    ),
    Rule(
        ("model.pooling", "task.kind"),
        _only_for(DEALT, ("last",), "nothing is said of a series as a whole"),
    ),
    Rule(
        ("train.loss", "task.kind"),
        _only_for(("forecast", "regress", "label"), "mse", "its loss is the cross-entropy"),
    ),
    Rule(
        ("train.loss_units", "task.kind"),
        _only_for("forecast", "scaled", "its windows are not normalised"),
    ),
    Rule(
        ("train.tbptt_steps", "task.kind"),
        _only_for(("forecast", "label"), None, "the whole series is read for the gradient"),
    ),
)
