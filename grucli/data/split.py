"""Training, validation and test spans: always in the order of time, never overlapping."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    row; with a size for it they begin at the first row and later rows are unused. Raises DataError
    when a span would be empty or the spans do not fit.
    """
    rows = len(panel.values)
    if train is None or isinstance(train, str):
        begin = 0 if train is None else _row_of(panel, train)
        test_start = _row_of(panel, test) if isinstance(test, str) else rows - _size(test, rows)
        valid_start = (
            _row_of(panel, valid) if isinstance(valid, str) else test_start - _size(valid, rows)
        )
        end = rows
    else:
        begin, valid_start = 0, _size(train, rows)
        if isinstance(valid, str):
            valid_start = min(valid_start, _row_of(panel, valid))
        test_start = (
            _row_of(panel, test)
            if isinstance(test, str)
            else valid_start + (0 if isinstance(valid, str) else _size(valid, rows))
        )
        end = rows if isinstance(test, str) else test_start + _size(test, rows)
    split = Split(Span(begin, valid_start), Span(valid_start, test_start), Span(test_start, end))
    _check(panel, split)
    return split


def _size(share: int | float, rows: int) -> int:
    return share if isinstance(share, int) else round(share * rows)


def _row_of(panel: Panel, text: str) -> int:
    """The first row at or after a time."""
    style = find_style(text)
    integers = panel.frequency.unit == "steps"
    if style is None or style.integer != integers or not parse_cells([text], style)[1].all():
        wanted = "a whole number" if integers else "a date or time such as 2024-01-31"
        raise DataError(f"data.split: {text!r} is no time of column {panel.time!r}; use {wanted}")
    return int(np.searchsorted(panel.timestamps, as_times(parse_cells([text], style)[0], style)[0]))


def _check(panel: Panel, split: Split) -> None:
    rows = len(panel.values)
    problems = [
        f"{panel.source}: data.split leaves {max(0, len(span))} rows for {name}; expected at least "
        f"1 of the table's {rows}; change data.split"
        for name, span in split
        if len(span) < 1
    ]
    if split.test.stop > rows:
        problems.append(
            f"{panel.source}: data.split asks for {split.test.stop} rows; the table has {rows}; "
            "change data.split or bring a longer table"
        )
    if problems:
        raise DataError(*problems)
