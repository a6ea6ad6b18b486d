"""A table checked along its time axis, with its gaps filled and remembered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data.frequency import Frequency, infer_frequency
from grucli.data.timestamps import Times
from grucli.data.values import Floats, Table
from grucli.errors import DataError


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


def build_panel(table: Table, *, missing: str = "error") -> Panel:
    """Check the order of time, infer the frequency and fill what is missing.

    missing: error names every gap; forward carries the last value on; linear draws a line between
    the neighbours of a gap; mask is forward for a model that is told which values are filled. Rows
    before every column has its first value are left out: filling them would look ahead. Raises
    DataError.
    """
    if len(table.timestamps) < 2:
        raise DataError(f"{table.source}: has {len(table.timestamps)} row; expected at least 2")
    _check_order(table)
    frequency = infer_frequency(table.timestamps, table.style)
    steps = frequency.rows_between(table.timestamps)
    _check_steps(table, frequency, steps, missing)
    notes = []
    timestamps, values = table.timestamps, table.values
    if (steps > 1).any():
        timestamps, values = _insert_rows(table, frequency, steps)
        notes.append(f"{len(values) - len(table.values)} absent rows were put in as missing")
    if missing == "error":
        _check_cells(table)
    begin = _first_complete(table, values)
    if begin:
        notes.append(f"the first {begin} rows were left out: no column may begin with a gap")
    timestamps, values = timestamps[begin:], values[begin:]
    observed = ~np.isnan(values)
    if not observed.all():
        notes.append(f"{int((~observed).sum())} missing values, filled: {missing}")
    filled = _draw_lines(values, observed) if missing == "linear" else _carry(values, observed)
    return Panel(
        source=table.source,
        time=table.time,
        timestamps=timestamps,
        columns=table.columns,
        values=filled,
        observed=observed,
        frequency=frequency,
        missing=missing,
        notes=tuple(notes),
    )


def _check_order(table: Table) -> None:
    gaps = np.diff(table.timestamps).astype(np.int64)
    problems = []
    for row in np.flatnonzero(gaps <= 0).tolist():
        what = "repeats" if gaps[row] == 0 else "comes before"
        remedy = "remove one of them" if gaps[row] == 0 else "sort the table by time"
        problems.append(
            f"{table.where(row + 1)}: {table.time_at(row + 1)} {what} "
            f"{table.time_at(row)} of line {table.line(row)}; expected rising times; {remedy}"
        )
    if problems:
        raise DataError(*problems)


def _check_steps(table: Table, frequency: Frequency, steps: NDArray[Any], missing: str) -> None:
    """Every distance must be the frequency, or (unless missing is error) a multiple of it."""
    problems = []
    for row in np.flatnonzero(steps != 1).tolist():
        where = table.where(row + 1)
        between = f"between {table.time_at(row)} and {table.time_at(row + 1)}"
        if steps[row] < 1:
            problems.append(
                f"{where}: irregular time {between}; expected rows {frequency.words}; "
                "resample the table to regular times"
            )
        elif missing == "error":
            problems.append(
                f"{where}: {steps[row] - 1} rows are absent {between}; expected rows "
                f"{frequency.words}; add them, or set data.missing to forward, linear or mask"
            )
    if problems:
        raise DataError(*problems)


def _insert_rows(table: Table, frequency: Frequency, steps: NDArray[Any]) -> tuple[Times, Floats]:
    """The table with a row of missing values at every absent time."""
    places = np.concatenate([[0], np.cumsum(steps)])
    values = np.full((places[-1] + 1, table.values.shape[1]), np.nan)
    values[places] = table.values
    rest = frequency.future(table.timestamps[0], int(places[-1]))
    return np.concatenate([table.timestamps[:1], rest]), values


def _check_cells(table: Table) -> None:
    problems = [
        f"{table.where(row)}: column {table.columns[column]!r}: value missing; "
        "fill it in, or set data.missing to forward, linear or mask"
        for row, column in np.argwhere(np.isnan(table.values))
    ]
    if problems:
        raise DataError(*problems)


def _first_complete(table: Table, values: Floats) -> int:
    """The first row at which every column has had a value."""
    observed = ~np.isnan(values)
    empty = [
        f"{table.source}: column {name!r} has no value at all; remove it from the recipe"
        for name, seen in zip(table.columns, np.any(observed, axis=0).tolist(), strict=True)
        if not seen
    ]
    if empty:
        raise DataError(*empty)
    return int(observed.argmax(axis=0).max())


def last_observed(observed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every cell [N, C] the row of the newest measured value up to and with its own."""
    rows = np.where(observed, np.arange(len(observed))[:, None], 0)
    return np.maximum.accumulate(rows, axis=0)


def _carry(values: Floats, observed: NDArray[np.bool_]) -> Floats:
    return np.take_along_axis(values, last_observed(observed), axis=0)


def _draw_lines(values: Floats, observed: NDArray[np.bool_]) -> Floats:
    rows = np.arange(len(values))
    filled = values.copy()
    for column in range(values.shape[1]):
        seen = observed[:, column]
        filled[~seen, column] = np.interp(rows[~seen], rows[seen], values[seen, column])
    return filled
