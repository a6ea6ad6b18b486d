"""A table as a panel: its rows dealt out to the series whose names stand in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data.clock_changes import place_in_zone
from grucli.data.frequency import Frequency
from grucli.data.missing import policies_of
from grucli.data.one_series import build_series
from grucli.data.panel import Panel
from grucli.data.regular import regularise
from grucli.data.time_axis import NAMED_FAULTS, check_times
from grucli.data.values import Table, TextColumn
from grucli.errors import DataError
from grucli.text import quoted

NAMED_SERIES = 3
"""Series whose notes are repeated; of the rest it is said how many have some."""


def build_panel(
    table: Table,
    columns: Columns,
    *,
    series: Sequence[str] = (),
    missing: str | Sequence[str] = "error",
    expected: Frequency | None = None,
    is_regularised: bool = False,
) -> Panel:
    """Check a table series by series, each as ``build_series`` does; see ``regularise`` too.

    ``series`` are the columns of texts that together name a series; without any the table is one.
    Rows of a series may stand apart but in the order of time; series keep the order in which they
    first appear. Other columns of texts must not change within a series. Raises DataError with the
    faults of all series.
    """
    if not series:
        table = place_in_zone(table)
        table = regularise(table, expected)[0] if is_regularised else table
        return build_series(table, columns, missing=missing, expected=expected)
    groups = _group(table, series)
    groups = replace(groups, table=place_in_zone(groups.table, groups.bounds))
    if is_regularised:
        table, bounds = regularise(groups.table, expected, groups.bounds)
        groups = replace(groups, table=table, bounds=bounds)
    policies = policies_of(missing, columns)
    frequency = expected or _frequency_of_longest(groups, may_skip="error" not in policies)
    plain = groups.are_plain(frequency, columns=len(policies))
    if frequency is not None and plain.all():
        style = groups.table.style
        panel = _plain_panel(groups, columns, replace(frequency, style=style), policies)
    else:
        panels = _each(groups, columns, plain, missing=policies, expected=frequency)
        panel = replace(join_panels(panels), texts=groups.texts)
    lengths = np.diff(panel.bounds)
    size = f"{panel.series} series of {lengths.min()} to {lengths.max()} rows"
    return replace(panel, notes=(size, *groups.table.notes, *panel.notes))


@dataclass(frozen=True, eq=False)
class _Groups:
    """A table whose series stand one behind the other, between ``bounds`` [S + 1].

    ``ids`` are the names of the series, ``texts`` maps columns to one text for each.
    """

    table: Table
    bounds: NDArray[np.int64]
    ids: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]

    def one(self, place: int) -> Table:
        """The rows of one series."""
        rows = slice(*self.bounds[place : place + 2].tolist())
        return replace(self.table, texts=(), notes=()).rows(rows)

    def are_plain(self, frequency: Frequency | None, *, columns: int) -> NDArray[np.bool_]:
        """Which series [S] have every row at its time, and numbers in the first ``columns``."""
        table, firsts = self.table, self.bounds[:-1]
        if frequency is None or table.style.integer != (frequency.unit == "steps"):
            return np.zeros(len(firsts), bool)
        steps = np.ones(len(table.timestamps), np.int64)
        steps[1:] = frequency.rows_between(table.timestamps)
        steps[firsts] = 1
        good = (steps == 1) & ~np.isnan(table.values[:, :columns]).any(axis=1)
        return np.asarray(np.logical_and.reduceat(good, firsts))


def _group(table: Table, series: Sequence[str]) -> _Groups:
    """Rows in the order of series. Raises DataError where a text changes within one."""
    by_name = {column.name: column for column in table.texts}
    codes: NDArray[np.integer] = by_name[series[0]].codes
    for name in series[1:]:
        from pandas import factorize

        pairs = codes.astype(np.int64) * len(by_name[name].words) + by_name[name].codes
        codes = factorize(pairs)[0]
    if (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        table = table.rows(order)
        codes = codes[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
    words = {
        column.name: tuple(column.words[code] for code in column.codes[bounds[:-1]])
        for column in table.texts
    }
    ids = tuple(map(", ".join, zip(*(words[name] for name in series), strict=True)))
    problems = [what for column in table.texts for what in _changes(table, column, bounds, ids)]
    if problems:
        raise DataError(*problems)
    return _Groups(table, bounds, ids, words)


def _changes(
    table: Table, column: TextColumn, bounds: NDArray[np.int64], ids: Sequence[str]
) -> Iterator[str]:
    """A fault for every row whose text is another than that of the first row of its series."""
    firsts = np.repeat(bounds[:-1], np.diff(bounds))
    for row in np.flatnonzero(column.codes != column.codes[firsts])[:NAMED_FAULTS].tolist():
        own, first = column.words[column.codes[row]], int(firsts[row])
        place = int(np.searchsorted(bounds, row, side="right")) - 1
        yield (
            f"{table.where(row)}: column {quoted(column.name)}: {quoted(own)} in series "
            f"{quoted(ids[place])}, which has {quoted(column.words[column.codes[first]])} on "
            f"{table.place(first)}; expected one text in all rows of a series; correct it"
        )


def _frequency_of_longest(groups: _Groups, *, may_skip: bool) -> Frequency | None:
    """The frequency of the series with the most rows; None where its times are faulty.

    Raises DataError where every series has one row only.
    """
    longest = int(np.diff(groups.bounds).argmax())
    if int(np.diff(groups.bounds).max()) < 2:
        raise DataError(
            f"{groups.table.source}: {len(groups.ids)} series of one row each; expected one of at "
            "least 2 rows, so that the frequency can be seen; check data.series"
        )
    try:
        return check_times(groups.one(longest), may_skip=may_skip)[0]
    except DataError:
        return None


def _plain_panel(
    groups: _Groups, columns: Columns, frequency: Frequency, missing: tuple[str, ...]
) -> Panel:
    """All series at once, nothing checked or filled, nothing copied."""
    table, read = groups.table, len(missing)
    return Panel(
        source=table.source,
        time=table.time,
        timestamps=table.timestamps,
        columns=columns,
        values=table.values[:, :read],
        observed=np.ones((len(table.values), read), bool),
        bounds=groups.bounds,
        ids=groups.ids,
        frequency=frequency,
        missing=missing,
        notes=(),
        texts=groups.texts,
        marks=dict(zip(table.columns[read:], table.values.T[read:], strict=True)),
    )


def _each(
    groups: _Groups,
    columns: Columns,
    plain: NDArray[np.bool_],
    *,
    missing: tuple[str, ...],
    expected: Frequency | None,
) -> list[Panel]:
    """One panel for each series; those that are not ``plain`` are checked and filled."""
    panels: list[Panel] = []
    problems: list[str] = []
    for place, name in enumerate(groups.ids):
        table = groups.one(place)
        if plain[place] and expected is not None:
            alone = _Groups(table, np.array([0, len(table.values)]), (name,), {})
            frequency = replace(expected, style=table.style)
            panels.append(_plain_panel(alone, columns, frequency, missing))
            continue
        try:
            panel = build_series(table, columns, name=name, missing=missing, expected=expected)
        except DataError as error:
            problems += error.problems
            continue
        panels.append(panel)
        if expected is not None and panel.frequency != expected:
            problems.append(
                f"{table.where(0)}: rows of series {quoted(name)} are {panel.frequency.words}, "
                f"others {expected.words}; expected one frequency; resample the series"
            )
    if problems:
        raise DataError(*problems[:NAMED_FAULTS])
    return panels


def join_panels(panels: Sequence[Panel]) -> Panel:
    """Panels behind one another as one, in the order given.

    They have the columns and the policy of the first. Raises DataError where their rows lie at
    different distances.
    """
    first = panels[0]
    problems = [
        f"{panel.source}: rows{_of(panel)} are {panel.frequency.words}, those{_of(first)} of "
        f"{first.source} {first.frequency.words}; expected one frequency; resample the series"
        for panel in panels
        if panel.frequency != first.frequency
    ]
    if problems:
        raise DataError(*problems)
    lengths = np.concatenate([np.diff(panel.bounds) for panel in panels])
    return replace(
        first,
        timestamps=np.concatenate([panel.timestamps for panel in panels]),
        values=np.concatenate([panel.values for panel in panels]),
        observed=np.concatenate([panel.observed for panel in panels]),
        bounds=np.concatenate([[0], np.cumsum(lengths)]),
        ids=tuple(name for panel in panels for name in panel.ids),
        notes=_joined_notes(panels),
        texts={
            name: tuple(text for panel in panels for text in panel.texts[name])
            for name in first.texts
        },
        marks={
            name: np.concatenate([panel.marks[name] for panel in panels]) for name in first.marks
        },
    )


def _of(panel: Panel) -> str:
    return f" of {panel.ids[0]}" if panel.series == 1 and panel.ids[0] else ""


def _joined_notes(panels: Sequence[Panel]) -> tuple[str, ...]:
    """The notes of the first series that have some, and how many more there are."""
    noted = [(panel.ids[0], panel.notes) for panel in panels if panel.notes]
    notes = [f"{name}: {note}" for name, found in noted[:NAMED_SERIES] for note in found]
    rest = len(noted) - NAMED_SERIES
    return (*notes, f"{rest} more series with notes like these") if rest > 0 else tuple(notes)
