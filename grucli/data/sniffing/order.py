"""Which columns tell series apart, and by which clock the rows of each are in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

import numpy as np

from grucli.data.clocks import ZONES, to_utc
from grucli.data.frequency import Frequency, infer_frequency
from grucli.data.sniffing.cells import Cells
from grucli.data.sniffing.numbers import Column
from grucli.data.sniffing.times import Clock
from grucli.data.timestamps import Numbers, as_times

_LEAST_ROWS = 3
"""Rows that a series has in the mean, or its column is not one of names."""
_MOST_NAMES = 8
_FEW = 0.01
_NAMES = ("id", "unique_id", "series", "name", "item", "store", "station", "sensor", "case", "key")


@dataclass(frozen=True, eq=False)
class Order:
    """The clock, the columns of names, and rows [N] in the order of series between ``bounds``."""

    clock: Clock
    series: tuple[str, ...]
    rows: Numbers
    bounds: Numbers

    @property
    def longest(self) -> Numbers:
        """The times of the longest series, in microseconds, by its clock or in UTC with a zone."""
        place = int(np.diff(self.bounds).argmax())
        part = self.rows[slice(*self.bounds[place : place + 2].tolist())]
        numbers = self.clock.numbers[part]
        zone = self.clock.dialect.time_zone
        if zone is None or not self.clock.may_change:
            return numbers
        return to_utc(numbers, zone, firsts=np.array([0]))[0]


def find_order(cells: Cells, clocks: Sequence[Clock], columns: Sequence[Column]) -> Order | None:
    """The first clock and fewest columns of names by which the rows of every series rise.

    Where rows rise only by the clock of a time zone, or are evenly spaced by it alone, that is
    the table's. Of formats that all read the times, the one with the more even rows. Columns of
    whole numbers are tried when no dates will do, each by itself.
    """
    dated = [clock for clock in clocks if not clock.style.integer]
    for group in [dated, *([clock] for clock in clocks if clock.style.integer)]:
        for names in _candidates(cells, columns):
            orders = [
                order
                for clock in group
                if not set(clock.columns) & set(names)
                for order in _orders(cells, clock, names)
            ]
            if orders:
                first = orders[0].clock.columns
                alike = [order for order in orders if order.clock.columns == first]
                return _in_zone(max(alike, key=_evenness))
    return None


def _candidates(cells: Cells, columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    """Columns that may name series, alone and together: none, texts, then whole numbers."""
    rows = cells.rows
    usable = [column for column in columns if not column.missing and column.distinct > 1]
    named = [c for c in usable if c.distinct * _LEAST_ROWS <= rows]
    texts = [c.name for c in named if c.kind in ("text", "mixed")]
    wholes = [c.name for c in named if c.kind == "number" and c.is_whole]
    singles = sorted([*texts, *wholes], key=lambda name: name.casefold() not in _NAMES)
    texts, wholes = texts[:_MOST_NAMES], wholes[:_MOST_NAMES]
    yield ()
    yield from ((name,) for name in singles if name in (*texts, *wholes))
    yield from chain(combinations(texts, 2), combinations([*texts, *wholes], 2))
    yield from combinations(texts, 3)


def _orders(cells: Cells, clock: Clock, names: tuple[str, ...]) -> Iterator[Order]:
    import pandas as pd

    codes = np.zeros(cells.rows, np.int64)
    for name in names:
        own = pd.factorize(np.array(cells.of(name), object))[0]
        codes = pd.factorize(codes * (int(own.max()) + 1) + own)[0]
    rows = np.argsort(codes, kind="stable")
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(codes[rows])) + 1, [len(rows)]])
    if names and len(rows) < _LEAST_ROWS * (len(bounds) - 1):
        return
    order = Order(clock, names, rows, bounds)
    falling = _falling(clock.numbers[rows], bounds)
    if not falling:
        yield order
    elif clock.may_change and falling <= _FEW * len(rows):
        yield from (zoned for zone in ZONES if (zoned := _placed(order, zone)) is not None)


def _falling(numbers: Numbers, bounds: Numbers) -> int:
    """How many rows do not come after the one before them in their series."""
    gaps = np.diff(numbers)
    inside = np.ones(len(gaps), bool)
    inside[bounds[1:-1] - 1] = False
    return int((gaps[inside] <= 0).sum())


def _placed(order: Order, zone: str) -> Order | None:
    """The same by the clock of a zone, where that has every time and all rows rise by it."""
    numbers = order.clock.numbers[order.rows]
    moments, _, never = to_utc(numbers, zone, firsts=order.bounds[:-1])
    if never.any() or _falling(moments, order.bounds):
        return None
    clock = replace(order.clock, dialect=replace(order.clock.dialect, time_zone=zone))
    return replace(order, clock=clock)


def _evenness(order: Order) -> float:
    """The share of distances between rows that are one step of their frequency."""
    times = as_times(order.longest, order.clock.style)
    if len(times) < 2:
        return 0.0
    return float((frequency_of_times(order).rows_between(times) == 1).mean())


def frequency_of_times(order: Order) -> Frequency:
    """The frequency of the longest series."""
    return infer_frequency(as_times(order.longest, order.clock.style), order.clock.style)


def _in_zone(order: Order) -> Order:
    """By the clock of a zone where that makes rows evenly spaced that are not so by theirs."""
    even = _evenness(order)
    if not order.clock.may_change or order.clock.dialect.time_zone is not None or even == 1:
        return order
    zoned = [placed for zone in ZONES if (placed := _placed(order, zone)) is not None]
    best = max(zoned, key=_evenness, default=order)
    return best if _evenness(best) > even and _changes_explain(best) else order


def _changes_explain(order: Order) -> bool:
    """Whether nothing is left between two rows where the clock was changed."""
    zone = order.clock.dialect.time_zone
    assert zone is not None
    place = int(np.diff(order.bounds).argmax())
    part = order.rows[slice(*order.bounds[place : place + 2].tolist())]
    clock, moments = np.diff(order.clock.numbers[part]), np.diff(order.longest)
    changed = clock != moments
    step = frequency_of_times(order).n
    return bool(changed.any() and (moments[changed] == step).all())
