"""Training, validation and test spans: always in the order of time, never overlapping."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from grucli.data.panel import Panel
from grucli.data.timestamps import as_times, find_style, parse_cells
from grucli.errors import DataError

Share = int | float | str
"""A number of rows, a fraction of all rows below 1, or the first time of a span."""


@dataclass(frozen=True)
class Span:
    """Rows ``start`` up to, but without, ``stop``."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Split:
    """Three spans, one after the other."""

    train: Span
    valid: Span
    test: Span

    def __iter__(self) -> Iterator[tuple[str, Span]]:
        yield from (("train", self.train), ("valid", self.valid), ("test", self.test))


def split_panel(panel: Panel, *, train: Share | None, valid: Share, test: Share) -> Split:
    """Cut the rows of a panel into three spans.

    With ``train`` None (or a time, which leaves out the rows before it) the spans end at the last
    row; with a size for it they begin at the first row and later rows are unused. Fractions are of
    all rows, rounded down. Raises DataError when a span would be empty or the spans do not fit.
    """
    rows = len(panel.values)
    if train is None or isinstance(train, str):
        begin = 0 if train is None else _row_of(panel, "train", train)
        test_start = _begin(panel, "test", test, end=rows)
        valid_start = _begin(panel, "valid", valid, end=test_start)
        bounds = (begin, valid_start, test_start, rows)
    else:
        if isinstance(valid, str) or isinstance(test, str):
            raise DataError(
                "data.split: a size for train beside a time for valid or test; expected train "
                "null or a time: training ends where valid begins"
            )
        valid_start = _size(train, rows)
        test_start = valid_start + _size(valid, rows)
        bounds = (0, valid_start, test_start, test_start + _size(test, rows))
    _check(panel, bounds)
    return Split(*(Span(start, stop) for start, stop in pairwise(bounds)))


def _size(share: int | float, rows: int) -> int:
    """Rows of a share; a product that is whole but for rounding is not rounded down."""
    return share if isinstance(share, int) else int(share * rows + 1e-6)


def _begin(panel: Panel, name: str, share: Share, *, end: int) -> int:
    """The first row of a span that ends before ``end``."""
    if isinstance(share, str):
        return _row_of(panel, name, share)
    return end - _size(share, len(panel.values))


def _row_of(panel: Panel, name: str, text: str) -> int:
    """The first row at or after a time, at the offset of the panel's times."""
    style, own = find_style(text), panel.frequency.style
    if (
        style is None
        or style.integer != own.integer
        or style.offset not in {"", own.offset}
        or not parse_cells([text], style)[1].all()
    ):
        raise DataError(
            f"data.split.{name}: {text!r} is no time of column {panel.time!r}; expected "
            f"{own.words if own.integer else 'one such as ' + _range(panel)[1]}"
        )
    moment = as_times(parse_cells([text], style)[0], style)[0]
    return int(np.searchsorted(panel.timestamps, moment))


def _range(panel: Panel) -> tuple[str, str]:
    first, last = panel.timestamps[0], panel.timestamps[-1]
    return panel.frequency.format(first), panel.frequency.format(last)


def _check(panel: Panel, bounds: tuple[int, int, int, int]) -> None:
    rows = len(panel.values)
    first, last = _range(panel)
    if bounds[-1] > rows:
        raise DataError(
            f"{panel.source}: data.split asks for {bounds[-1]} rows; the table has {rows}; change "
            "data.split or bring a longer table"
        )
    problems = [
        f"{panel.source}: data.split leaves no row for {name}; expected at least 1 of the table's "
        f"{rows} ({first} to {last}); change data.split"
        for name, (start, stop) in zip(("train", "valid", "test"), pairwise(bounds), strict=True)
        if stop <= start
    ]
    if problems:
        raise DataError(*problems)
