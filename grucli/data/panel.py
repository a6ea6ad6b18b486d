"""Tables checked along their time axis, with their gaps filled and remembered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data.frequency import Frequency
from grucli.data.time_axis import NAMED_FAULTS, check_times
from grucli.data.timestamps import Times
from grucli.data.values import Floats, Table
from grucli.errors import DataError
from grucli.text import plural, quoted, some

NAMED_COLUMNS = 6


@dataclass(frozen=True, eq=False)
class Panel:
    """Series in time, one behind the other, each with one row a step and without holes.

    ``timestamps`` [N]; ``values`` [N, C] hold ``columns.values`` and are filled by the policies
    ``missing`` of each; ``observed`` [N, C] is true where a value was measured, and is so in the
    whole first row of every series. Series s has the rows ``bounds[s]`` up to, but without,
    ``bounds[s + 1]``, and the name ``ids[s]``, which is empty where the table is one series.
    ``notes`` are sentences about what was found. ``texts`` maps columns of texts, those that the
    names are made of and others, to one text for each series. ``files`` counts the series of each
    table, where it is made of several.
    """

    source: str
    time: str
    timestamps: Times
    columns: Columns
    values: Floats
    observed: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    ids: tuple[str, ...]
    frequency: Frequency
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[int, ...] = ()

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self.ids)

    def series_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the series of each of some rows."""
        return np.asarray(np.searchsorted(self.bounds, rows, side="right") - 1)

    def only(self, place: int) -> "Panel":
        """One of the series, by its number."""
        rows = slice(*self.bounds[place : place + 2].tolist())
        return replace(
            self,
            timestamps=self.timestamps[rows],
            values=self.values[rows],
            observed=self.observed[rows],
            bounds=np.array([0, rows.stop - rows.start]),
            ids=self.ids[place : place + 1],
            notes=(),
            files=(),
            texts={name: texts[place : place + 1] for name, texts in self.texts.items()},
        )

    def until(self, stop: int) -> "Panel":
        """The first rows of the only series, filled as if nothing had come after them."""
        values, observed = self.values[:stop], self.observed[:stop]
        is_drawn = np.array([policy == "linear" for policy in self.missing])
        if is_drawn.any() and not observed[-1].all():
            newest = last_observed(observed)[-1]
            is_open = (np.arange(stop)[:, None] > newest) & is_drawn
            values = np.where(is_open, values[newest, np.arange(values.shape[1])], values)
        return replace(
            self,
            timestamps=self.timestamps[:stop],
            values=values,
            observed=observed,
            bounds=np.array([0, stop]),
        )


def build_series(
    table: Table,
    columns: Columns,
    *,
    name: str = "",
    missing: str | Sequence[str] = "error",
    expected: Frequency | None = None,
) -> Panel:
    """Check the order of time, infer the frequency and fill what is missing; one series.

    The table holds ``columns.values`` in this order. ``missing``, for all columns or each of
    them: error names every gap; forward carries the last value on; linear draws a line between the
    neighbours of a gap; mask is forward for a model that is told which values are filled; zero
    takes what is missing for a measured 0. Absent rows count as missing. Rows before
    every column has its first value are left out: filling them would look ahead. ``expected`` is
    the frequency that a model was trained on, ``name`` one of many series. Raises DataError.
    """
    policies = policies_of(missing, columns)
    frequency, steps = check_times(table, may_skip="error" not in policies, expected=expected)
    _check_columns(table, name, policies)
    _check_cells(table, policies)
    notes = list(table.notes)
    timestamps, values = table.timestamps, table.values
    if (steps > 1).any():
        timestamps, values = _insert_rows(table, frequency, steps)
        notes.append(_absent_rows(len(values) - len(table.values), int((steps > 1).sum())))
    gaps = np.isnan(values)
    is_zero = gaps & np.array([policy == "zero" for policy in policies])
    if is_zero.any():
        values = np.where(is_zero, 0.0, values)
    observed = ~gaps | is_zero
    begin = int(observed.argmax(axis=0).max())
    if begin:
        notes.append(_check_begin(table, name, frequency.format(timestamps[begin]), observed))
        timestamps, values, observed = timestamps[begin:], values[begin:], observed[begin:]
    notes += _filled(~observed | is_zero[begin:], policies)
    if not observed.all():
        notes.extend(_last_measured(table.columns, timestamps, observed, frequency))
    return Panel(
        source=table.source,
        time=table.time,
        timestamps=timestamps,
        columns=columns,
        values=_fill(values, observed, policies),
        observed=observed,
        bounds=np.array([0, len(values)]),
        ids=(name,),
        frequency=frequency,
        missing=policies,
        notes=tuple(notes),
    )


def policies_of(missing: str | Sequence[str], columns: Columns) -> tuple[str, ...]:
    """The policy of each column of a table, where one may stand for all."""
    return (missing,) * len(columns.read) if isinstance(missing, str) else tuple(missing)


def _filled(is_filled: NDArray[np.bool_], policies: Sequence[str]) -> Iterator[str]:
    """How many values were filled by each policy."""
    for policy in dict.fromkeys(policies):
        own = [place for place, other in enumerate(policies) if other == policy]
        count = int(is_filled[:, own].sum())
        if count:
            yield f"{plural(count, 'missing value', thousands='')} filled ({policy})"


def _absent_rows(rows: int, gaps: int) -> str:
    absent, between = plural(rows, "absent row", thousands=""), plural(gaps, "gap", thousands="")
    return f"{absent} in {between} counted as missing"


def _last_measured(
    columns: Sequence[str], timestamps: Times, observed: NDArray[np.bool_], frequency: Frequency
) -> Iterator[str]:
    """Of columns that the last rows have no measurement of, when the newest was."""
    newest = last_observed(observed)[-1]
    for row in np.unique(newest[newest < len(observed) - 1]).tolist():
        names = [quoted(columns[column]) for column in np.flatnonzero(newest == row).tolist()]
        rows = plural(len(observed) - 1 - row, "row", thousands="")
        yield (
            f"{some(names, NAMED_COLUMNS)}: newest measured value at "
            f"{frequency.format(timestamps[row])}, {rows} before the last"
        )


def _where(table: Table, name: str) -> str:
    """A table, or the place of one among many series in it."""
    return f"{table.where(0)}: series {quoted(name)}" if name else table.source


def _check_columns(table: Table, name: str, policies: Sequence[str]) -> None:
    """Every column must have a value somewhere, if what is missing is not 0."""
    is_empty = np.isnan(table.values).all(axis=0)
    problems = [
        f"{_where(table, name)}: column {table.columns[column]!r}: no value at all; expected "
        "measured values; leave the column out of the recipe"
        for column in np.flatnonzero(is_empty).tolist()
        if policies[column] != "zero"
    ]
    if problems:
        raise DataError(*problems)


def _check_cells(table: Table, policies: Sequence[str]) -> None:
    is_fault = np.isnan(table.values) & np.array([policy == "error" for policy in policies])
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


def _fill(values: Floats, observed: NDArray[np.bool_], policies: Sequence[str]) -> Floats:
    """Values without NaN; the first row is wholly observed."""
    if observed.all():
        return values
    filled = np.take_along_axis(values, last_observed(observed), axis=0)
    rows = np.arange(len(values))
    for column in (place for place, policy in enumerate(policies) if policy == "linear"):
        seen = observed[:, column]
        filled[~seen, column] = np.interp(rows[~seen], rows[seen], values[seen, column])
    return filled
