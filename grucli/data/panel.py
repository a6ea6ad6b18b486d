"""A table checked along its time axis, with its gaps filled and remembered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data.frequency import Frequency
from grucli.data.time_axis import NAMED_FAULTS, check_times
from grucli.data.timestamps import Times
from grucli.data.values import Floats, Table
from grucli.errors import DataError
from grucli.text import plural


@dataclass(frozen=True)
class Panel:
    """Series in time, one row a step, without holes.

    ``values`` [N, C] are filled by the policy ``missing``; ``observed`` [N, C] is true where a
    value was measured. ``notes`` are sentences about what was found.
    """

    source: str
    time: str
    timestamps: Times
    columns: tuple[str, ...]
    values: Floats
    observed: NDArray[np.bool_]
    frequency: Frequency
    missing: str
    notes: tuple[str, ...]


def build_panel(
    table: Table, *, missing: str = "error", expected: Frequency | None = None
) -> Panel:
    """Check the order of time, infer the frequency and fill what is missing.

    missing: error names every gap; forward carries the last value on; linear draws a line between
    the neighbours of a gap; mask is forward for a model that is told which values are filled. Rows
    that are absent count as missing. Rows before every column has its first value are left out:
    filling them would look ahead. ``expected`` is the frequency of rows that
    a model was trained on. Raises DataError.
    """
    frequency, steps = check_times(table, may_skip=missing != "error", expected=expected)
    _check_columns(table)
    if missing == "error":
        _check_cells(table)
    notes = []
    timestamps, values = table.timestamps, table.values
    if (steps > 1).any():
        timestamps, values = _insert_rows(table, frequency, steps)
        absent = plural(len(values) - len(table.values), "absent row", thousands="")
        gaps = plural(int((steps > 1).sum()), "gap", thousands="")
        notes.append(f"{absent} in {gaps} counted as missing")
    observed = ~np.isnan(values)
    begin = int(observed.argmax(axis=0).max())
    if begin:
        notes.append(_check_begin(table, frequency.format(timestamps[begin]), observed, begin))
        timestamps, values, observed = timestamps[begin:], values[begin:], observed[begin:]
    if not observed.all():
        count = plural(int((~observed).sum()), "missing value", thousands="")
        notes.append(f"{count} filled ({missing})")
    return Panel(
        source=table.source,
        time=table.time,
        timestamps=timestamps,
        columns=table.columns,
        values=_fill(values, observed, missing),
        observed=observed,
        frequency=frequency,
        missing=missing,
        notes=tuple(notes),
    )


def _check_columns(table: Table) -> None:
    """Every column must have a value somewhere."""
    problems = [
        f"{table.source}: column {table.columns[column]!r}: no value at all; expected measured "
        "values; leave the column out of the recipe"
        for column in np.flatnonzero(np.isnan(table.values).all(axis=0))
    ]
    if problems:
        raise DataError(*problems)


def _check_cells(table: Table) -> None:
    problems = [
        f"{table.where(row)}: column {table.columns[column]!r}: a missing value; expected a number "
        "in every row; fill it in, or set data.missing to forward, linear or mask"
        for row, column in np.argwhere(np.isnan(table.values))[:NAMED_FAULTS]
    ]
    if problems:
        raise DataError(*problems)


def _check_begin(table: Table, time: str, observed: NDArray[np.bool_], begin: int) -> str:
    """Say why the panel begins later than the table. Raises DataError if most rows would go."""
    late = int(observed.argmax(axis=0).argmax())
    reason = f"column {table.columns[late]!r} has its first value at {time}"
    if begin * 2 > len(observed):
        raise DataError(
            f"{table.source}: {reason}, after {begin} of {len(observed)} rows; expected one in the "
            "first half; leave the column out of the recipe"
        )
    return f"{plural(begin, 'row', thousands='')} at the beginning left out: {reason}"


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


def last_observed(observed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every cell [N, C] the row of the newest measured value up to and with its own."""
    rows = np.where(observed, np.arange(len(observed))[:, None], 0)
    return np.maximum.accumulate(rows, axis=0)


def _fill(values: Floats, observed: NDArray[np.bool_], missing: str) -> Floats:
    """Values without NaN; the first row is wholly observed."""
    if observed.all():
        return values
    if missing != "linear":
        return np.take_along_axis(values, last_observed(observed), axis=0)
    rows = np.arange(len(values))
    filled = values.copy()
    for column in range(values.shape[1]):
        seen = observed[:, column]
        filled[~seen, column] = np.interp(rows[~seen], rows[seen], values[seen, column])
    return filled
