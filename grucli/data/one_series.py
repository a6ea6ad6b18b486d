"""One series of a table: checked along its time axis, with its gaps filled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data.frequency import Frequency
from grucli.data.missing import ZEROS, fill, filled_words, newest_words, policies_of, with_zeros
from grucli.data.panel import Panel
from grucli.data.time_axis import NAMED_FAULTS, check_times
from grucli.data.timestamps import Times
from grucli.data.values import Floats, Table
from grucli.errors import DataError
from grucli.text import plural, quoted


def build_series(
    table: Table,
    columns: Columns,
    *,
    name: str = "",
    missing: str | Sequence[str] = "error",
    expected: Frequency | None = None,
) -> Panel:
    """Check the order of time, infer the frequency and fill what is missing; one series.

    The table holds ``columns.read`` in this order, and marks behind them, whose gaps stay.
    ``missing``, for all columns or each of them: error names every gap; forward carries the last
    value on; linear draws a line between the neighbours of a gap; mask is forward for a model that
    is told which values are filled; zero takes what is missing for a measured 0. Absent rows count
    as missing. Rows before every column has its first value are left out: filling them would look
    ahead. ``expected`` is the frequency that a model was trained on, ``name`` one of many series.
    Raises DataError.
    """
    policies = policies_of(missing, columns)
    frequency, steps = check_times(table, may_skip="error" not in policies, expected=expected)
    _check_values(table, name, policies)
    timestamps, values, notes = _without_holes(table, frequency, steps)
    values, marks = np.split(values, [len(policies)], axis=1)
    is_missing, values = np.isnan(values), with_zeros(values, policies)
    observed = ~np.isnan(values)
    if begin := int(observed.argmax(axis=0).max()):
        notes.append(_check_begin(table, name, frequency.format(timestamps[begin]), observed))
        timestamps, values, observed = timestamps[begin:], values[begin:], observed[begin:]
        marks = marks[begin:]
    notes += filled_words(is_missing[begin:], policies)
    notes += newest_words(table.columns, timestamps, observed, frequency)
    return Panel(
        source=table.source,
        time=table.time,
        timestamps=timestamps,
        columns=columns,
        values=fill(values, observed, policies),
        observed=observed,
        bounds=np.array([0, len(values)]),
        ids=(name,),
        frequency=frequency,
        missing=policies,
        notes=tuple(notes),
        marks=dict(zip(table.columns[len(policies) :], marks.T, strict=True)),
    )


def _where(table: Table, name: str) -> str:
    """A table, or the place of one among many series in it."""
    return f"{table.where(0)}: series {quoted(name)}" if name else table.source


def _check_values(table: Table, name: str, policies: Sequence[str]) -> None:
    """Every column must have a value somewhere, if what is missing is not 0, or in every row."""
    gaps = np.isnan(table.values[:, : len(policies)])
    is_empty = gaps.all(axis=0)
    problems = [
        f"{_where(table, name)}: column {table.columns[column]!r}: no value at all; expected "
        "measured values; leave the column out of the recipe"
        for column in np.flatnonzero(is_empty).tolist()
        if policies[column] not in ZEROS
    ]
    if problems:
        raise DataError(*problems)
    is_fault = gaps & np.array([policy == "error" for policy in policies])
    problems = [
        f"{table.where(row)}: column {table.columns[column]!r}: a missing value; expected a number "
        "in every row; fill it in, or set data.missing to forward, linear, mask or zero"
        for row, column in np.argwhere(is_fault)[:NAMED_FAULTS]
    ]
    if problems:
        raise DataError(*problems)


def _check_begin(table: Table, name: str, time: str, observed: NDArray[np.bool_]) -> str:
    """Say why the panel begins later than the table. Raises DataError if most rows would go."""
    late = int(observed.argmax(axis=0).argmax())
    begin = int(observed.argmax(axis=0).max())
    reason = f"column {table.columns[late]!r} has its first value at {time}"
    if begin * 2 > len(observed):
        raise DataError(
            f"{_where(table, name)}: {reason}, after {begin} of {len(observed)} rows; expected one "
            "in the first half; leave the column out of the recipe"
        )
    return f"{plural(begin, 'row', thousands='')} at the beginning left out: {reason}"


def _without_holes(
    table: Table, frequency: Frequency, steps: NDArray[Any]
) -> tuple[Times, Floats, list[str]]:
    """Times and values with a row for every step, and what was found so far in words."""
    if (steps <= 1).all():
        return table.timestamps, table.values, list(table.notes)
    timestamps, values = _insert_rows(table, frequency, steps)
    absent = _absent_rows(len(values) - len(table.values), int((steps > 1).sum()))
    return timestamps, values, [*table.notes, absent]


def _insert_rows(table: Table, frequency: Frequency, steps: NDArray[Any]) -> tuple[Times, Floats]:
    """The table with a row of missing values at every absent time."""
    places = np.concatenate([[0], np.cumsum(steps)])
    if places[-1] + 1 > 2 * len(steps) + 2:
        longest = int(steps.argmax()) + 1
        raise DataError(
            f"{table.where(longest)}: column {table.time!r}: {table.time_at(longest)} comes "
            f"{steps.max()} steps after {table.time_at(longest - 1)}; {places[-1] - len(steps)} of "
            f"{places[-1] + 1} rows would be absent ({frequency.words}); expected at most half; "
            "correct the times"
        )
    values = np.full((places[-1] + 1, table.values.shape[1]), np.nan)
    values[places] = table.values
    rest = frequency.future(table.timestamps[0], int(places[-1]))
    return np.concatenate([table.timestamps[:1], rest]), values


def _absent_rows(rows: int, gaps: int) -> str:
    absent, between = plural(rows, "absent row", thousands=""), plural(gaps, "gap", thousands="")
    return f"{absent} in {between} counted as missing"
