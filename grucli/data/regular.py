"""Irregular times made regular on request, and frequencies as a recipe writes them."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from grucli.data.frequency import MICROSECONDS, Frequency, commonest_of, infer_frequency
from grucli.data.timestamps import Numbers, as_times
from grucli.data.values import Floats, Table
from grucli.dialect import FREQUENCY
from grucli.text import plural

_DAY = MICROSECONDS["day"]
_SECOND = 1_000_000
_ROUND = [_SECOND * n for n in (1, 2, 5, 10, 15, 20, 30)]
_ROUND += [MICROSECONDS["minute"] * n for n in (1, 2, 5, 10, 15, 20, 30)]
_ROUND += [MICROSECONDS["hour"] * n for n in (1, 2, 3, 4, 6, 8, 12)] + [_DAY, 7 * _DAY]
_UNITS = {"s": _SECOND, "min": MICROSECONDS["minute"], "h": MICROSECONDS["hour"], "D": _DAY}
_UNITS |= {"W": 7 * _DAY}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}


def frequency_of(text: str) -> Frequency:
    """The frequency that a recipe writes as ``15min``, ``1M``, ``business_day`` or ``5``."""
    if text == "business_day":
        return Frequency("business_days", 1)
    match = re.fullmatch(FREQUENCY, text)
    assert match is not None
    n, unit = int(match[1]), match[2]
    if not unit:
        return Frequency("steps", n)
    if unit in _MONTHS:
        return Frequency("months", n * _MONTHS[unit])
    return Frequency("microseconds", n * _UNITS[unit])


def regularise(
    table: Table, frequency: Frequency | None, bounds: Numbers | None = None
) -> tuple[Table, Numbers]:
    """Rows moved to the nearest of evenly spaced stamps; a stamp of several holds their mean.

    Of categories it holds what the last of them has. Series s of several has the rows ``bounds[s]``
    to ``bounds[s + 1]``; all get the same stamps, and the new bounds come back with the table.
    Without a frequency it is the median distance, rounded to one that people use. Stamps that no
    row is moved to stay absent. Months are counted from their first day, and weekends belong to the
    Monday behind them. A table whose times do not rise is given back as it is, to be refused.
    """
    times = table.timestamps.astype(np.int64)
    bounds = np.array([0, len(times)]) if bounds is None else bounds
    firsts = bounds[:-1]
    if len(times) < 2 or (_within(np.diff(times), firsts) < 0).any():
        return table, bounds
    chosen = replace(frequency or _usual_frequency(table, bounds), style=table.style)
    steps = _within(chosen.rows_between(table.timestamps), firsts)
    if frequency is None and (steps >= 1).all():
        return table, bounds
    stamps = _nearest(times, chosen)
    begins = np.append(True, stamps[1:] != stamps[:-1])
    begins[firsts] = True
    first = np.flatnonzero(begins)
    counts = np.diff(first, append=len(times))
    values, last = _means(table.values, first), first + counts - 1
    for place in (place for place, name in enumerate(table.columns) if name in table.categories):
        values[:, place] = table.values[last, place]
    moved = np.abs(stamps - times)
    notes = (
        f"{plural(int((moved > 0).sum()), 'row', thousands='')} moved to the nearest time of rows "
        f"{chosen.words}, by at most {_distance(int(moved.max()), chosen)}; "
        f"{plural(int((counts > 1).sum()), 'time', thousands='')} with the mean of several rows",
    )
    regular = replace(
        table.rows(first),
        timestamps=as_times(stamps[first], table.style),
        values=values,
        notes=table.notes + notes if moved.any() or (counts > 1).any() else table.notes,
    )
    return regular, np.searchsorted(first, bounds)


def _within(distances: Numbers, firsts: Numbers) -> Numbers:
    """Distances [N - 1] from row to row within series, whose first rows these are."""
    is_within = np.ones(len(distances) + 1, bool)
    is_within[firsts] = False
    return distances[is_within[1:]]


def _usual_frequency(table: Table, bounds: Numbers) -> Frequency:
    """What the longest series has already, or the usual distance nearest to the median one."""
    longest = int(np.diff(bounds).argmax())
    times = table.timestamps[slice(*bounds[longest : longest + 2].tolist())]
    own = np.diff(times).astype(np.int64)
    inferred = infer_frequency(times[np.append(True, own > 0)], table.style)
    if (_within(inferred.rows_between(table.timestamps), bounds[:-1]) >= 1).all():
        return inferred
    gaps = _within(np.diff(table.timestamps).astype(np.int64), bounds[:-1])
    if table.style.integer:
        return Frequency("steps", commonest_of(gaps[gaps > 0]))
    median = float(np.median(gaps[gaps > 0]))
    if median >= 28 * _DAY:
        months = min(_MONTHS.values(), key=lambda n: abs(np.log(median / (n * 30.44 * _DAY))))
        return Frequency("months", months)
    return Frequency("microseconds", min(_ROUND, key=lambda n: abs(np.log(median / n))))


def _nearest(times: Numbers, frequency: Frequency) -> Numbers:
    """The stamp of each time: whole numbers, or microseconds since 1970; one is at the earliest."""
    if frequency.unit in ("steps", "microseconds"):
        n = frequency.n
        origin = int(times.min())
        if frequency.unit == "microseconds":
            origin -= origin % min(n, _DAY)
        return np.asarray(origin + (times - origin + n // 2) // n * n)
    moments = times.view("datetime64[us]")
    if frequency.unit == "months":
        months = moments.astype("datetime64[M]").astype(np.int64)
        stamps: Any = (months - (months - months.min()) % frequency.n).view("datetime64[M]")
    else:
        stamps = np.busday_offset(moments.astype("datetime64[D]"), 0, roll="forward")
    return np.asarray(stamps.astype("datetime64[us]").astype(np.int64))


def _means(values: Floats, first: Numbers) -> Floats:
    """The mean of the measured values of each group of rows, NaN where there are none.

    It is counted from the least, so that the mean of equal numbers is that number.
    """
    measured = ~np.isnan(values)
    counts = np.add.reduceat(measured.astype(np.int64), first)
    least = np.fmin.reduceat(values, first)
    above = values - np.repeat(least, np.diff(first, append=len(values)), axis=0)
    return least + np.add.reduceat(np.where(measured, above, 0.0), first) / np.maximum(counts, 1)


def _distance(moved: int, frequency: Frequency) -> str:
    if frequency.unit == "steps":
        return str(moved)
    for unit, length in MICROSECONDS.items():
        if moved >= length and moved % length == 0:
            return plural(moved // length, unit, thousands="")
    return f"{moved / _SECOND:g} seconds"
