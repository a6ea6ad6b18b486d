"""Training, validation and test spans: always in the order of time, never overlapping."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data.panel import Panel
from grucli.data.timestamps import as_times
from grucli.errors import DataError

Share = int | float | str
"""A number of rows, a fraction of all rows below 1, or the first time of a span."""
Rows = NDArray[np.int64]
"""One row of the panel for each series, [S]."""


@dataclass(frozen=True, eq=False)
class Span:
    """Of every series s the rows ``start[s]`` up to, but without, ``stop[s]``."""

    start: Rows
    stop: Rows

    def __len__(self) -> int:
        """Rows of all series together."""
        return int((self.stop - self.start).sum())

    def first(self, rows: int) -> "Span":
        """At most so many rows of every series, from the beginning."""
        return Span(self.start, np.minimum(self.stop, self.start + rows))

    def parts(self, array: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """The rows [n, ...] of an array [N, ...] that lie in the span, one series after the other.

        They are views; a series without a row there is passed over.
        """
        for start, stop in zip(self.start.tolist(), self.stop.tolist(), strict=True):
            if stop > start:
                yield array[start:stop]

    def rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same rows as one array: a view where only one series has any."""
        parts = list(self.parts(array))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True)
class Split:
    """Three spans, one after the other."""

    train: Span
    valid: Span
    test: Span

    def __iter__(self) -> Iterator[tuple[str, Span]]:
        yield from (("train", self.train), ("valid", self.valid), ("test", self.test))


def measured_columns(panel: Panel, span: Span) -> Iterator[NDArray[np.float64]]:
    """What was measured of each column in a span, of all series together: one array a column."""
    for values, observed in zip(panel.values.T, panel.observed.T, strict=True):
        yield span.rows(values)[span.rows(observed)]


def whole_span(panel: Panel) -> Span:
    """All rows of a panel."""
    return Span(panel.bounds[:-1], panel.bounds[1:])


def split_panel(panel: Panel, *, train: Share | None, valid: Share, test: Share) -> Split:
    """Cut the rows of every series of a panel into three spans.

    With ``train`` None (or a time, which leaves out the rows before it) the spans end at the last
    row of a series; with a size for it they begin at the first row and later rows are unused.
    Fractions are of all rows of a series, rounded down; a time cuts all series alike. Of a series
    that is too short the later spans take their rows first; a test of 0 has none. Raises DataError
    when no series has a row for a span, or the spans fit into none.
    """
    whole = whole_span(panel)
    rows = whole.stop - whole.start
    if train is None or isinstance(train, str):
        begin = whole.start if train is None else _rows_of(panel, "train", train)
        test_start = _begin(panel, "test", test, end=whole.stop)
        valid_start = _begin(panel, "valid", valid, end=test_start)
        bounds = (begin, valid_start, test_start, whole.stop)
    else:
        if isinstance(valid, str) or isinstance(test, str):
            raise DataError(
                "data.split: a size for train beside a time for valid or test; expected train "
                "null or a time: training ends where valid begins"
            )
        begin = whole.start
        valid_start = begin + _size(train, rows)
        test_start = valid_start + _size(valid, rows)
        bounds = (begin, valid_start, test_start, test_start + _size(test, rows))
    _check(panel, bounds, is_judged=test != 0)
    ordered = np.minimum.accumulate(bounds[::-1])[::-1]
    inside = np.clip(ordered, begin, whole.stop)
    return Split(*(Span(start, stop) for start, stop in pairwise(inside)))


_ENDLESS = 2**53
"""Rows that no table has; three times as many can still be counted."""


def _size(share: int | float, rows: Rows) -> Rows:
    """Rows of a share; a product that is whole but for rounding is not rounded down."""
    if isinstance(share, int):
        return np.full_like(rows, min(share, _ENDLESS))
    return np.asarray((share * rows + 1e-6).astype(np.int64))


def _begin(panel: Panel, name: str, share: Share, *, end: Rows) -> Rows:
    """The first rows of a span that ends before ``end``."""
    if isinstance(share, str):
        return _rows_of(panel, name, share)
    return end - _size(share, np.diff(panel.bounds))


def _rows_of(panel: Panel, name: str, text: str) -> Rows:
    """Of every series the first row at or after a time, at the offset of the panel's times."""
    own = panel.frequency.style
    number = own.find(text)
    if number is None:
        raise DataError(
            f"data.split.{name}: {text!r} is no time of column {panel.time!r}; expected "
            f"{own.words if own.integer else 'one such as ' + _range(panel)[1]}"
        )
    moment = as_times(np.array([number]), own)[0]
    times = whole_span(panel).parts(panel.timestamps)
    inside = np.array([np.searchsorted(series, moment) for series in times])
    return np.asarray(panel.bounds[:-1] + inside)


def _range(panel: Panel) -> tuple[str, str]:
    first, last = panel.timestamps.min(), panel.timestamps.max()
    return panel.frequency.format(first), panel.frequency.format(last)


def _check(panel: Panel, bounds: tuple[Rows, Rows, Rows, Rows], *, is_judged: bool) -> None:
    """Whether at least one series can be cut so; without ``is_judged`` the test span is empty."""
    rows = int(np.diff(panel.bounds).max())
    asked = bounds[-1] - panel.bounds[:-1]
    whole, longer = "the table", "a longer table"
    if panel.series > 1:
        whole, longer = "the longest series", "longer series"
    if (bounds[-1] > panel.bounds[1:]).all():
        raise DataError(
            f"{panel.source}: data.split asks for {asked.min()} rows; {whole} has {rows}; change "
            f"data.split or bring {longer}"
        )
    problems = [
        f"{panel.source}: data.split leaves no row for {name}; expected at least 1 of {whole}'s "
        f"{rows} ({' to '.join(_range(panel))}); change data.split"
        for name, (start, stop) in zip(("train", "valid", "test"), pairwise(bounds), strict=True)
        if (stop <= start).all() and (name != "test" or is_judged)
    ]
    if problems:
        raise DataError(*problems)
