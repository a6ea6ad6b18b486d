"""What columns of some kinds have to hold: one value in a series, or numbers with a logarithm."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from grucli.data.kinds_of_number import NONNEGATIVE, WHOLE
from grucli.data.panel import Panel
from grucli.data.scaling import LEAST
from grucli.data.time_axis import NAMED_FAULTS
from grucli.data.values import Table
from grucli.errors import DataError
from grucli.text import quoted


def check_logarithms(table: Table, columns: Sequence[str], transform: str) -> None:
    """Raise DataError for values of some columns that ``transform`` has no result for."""
    if transform == "none":
        return
    problems = [
        f"{table.where(row)}: column {quoted(name)}: {values[row]:g} has no logarithm "
        f"(data.transform: {transform}); expected a value above {LEAST[transform]:g}; correct it, "
        "or choose another transform"
        for name in columns
        for values in [table.values[:, table.columns.index(name)]]
        for row in np.flatnonzero(values <= LEAST[transform])[:NAMED_FAULTS].tolist()
    ]
    if problems:
        raise DataError(*problems[:NAMED_FAULTS])


def check_numbers(table: Table, columns: Sequence[str], numbers: str) -> None:
    """Raise DataError for values of some columns that are not of the ``numbers`` of a scaler."""
    problems = [
        f"{table.where(row)}: column {quoted(name)}: {values[row]:g} is {wrong} (task.numbers: "
        f"{numbers}); correct it, or choose other task.numbers"
        for name in columns
        for values in [table.values[:, table.columns.index(name)]]
        for wrong, faults in [
            ("below zero", (values < 0) & (numbers in NONNEGATIVE)),
            ("no whole number", (values % 1 > 0) & (numbers in WHOLE)),
        ]
        for row in np.flatnonzero(faults)[:NAMED_FAULTS].tolist()
    ]
    if problems:
        raise DataError(*problems[:NAMED_FAULTS])


def check_static(panel: Panel) -> None:
    """Raise DataError for a column that is said to be constant within a series and is not."""
    problems = list(_changes(panel))
    if problems:
        raise DataError(*problems[:NAMED_FAULTS])


def _in_words(texts: Sequence[str] | None) -> Callable[[float], str]:
    """How a value of a column is said, of a category by its text."""
    if texts is None:
        return lambda value: f"{value:g}"
    return lambda value: quoted(texts[int(value)])


def _changes(panel: Panel) -> Iterator[str]:
    first = np.repeat(panel.bounds[:-1], np.diff(panel.bounds))
    for name in panel.columns.static:
        values = panel.values[:, panel.columns.place(name)]
        said = _in_words(panel.categories.get(name))
        changed = np.flatnonzero(values != values[first])
        series = panel.series_of(changed)
        for row in changed[np.diff(series, prepend=-1) > 0].tolist():
            begin, own = int(first[row]), panel.ids[int(panel.series_of(np.array(row)))]
            yield (
                f"{panel.source}: column {quoted(name)}: "
                f"{f'series {quoted(own)} has ' if own else ''}{said(values[begin])} at "
                f"{panel.frequency.format(panel.timestamps[begin])} and {said(values[row])} at "
                f"{panel.frequency.format(panel.timestamps[row])}; expected one value in all rows "
                "of a series; correct it, or name the column in data.past or data.future"
            )
