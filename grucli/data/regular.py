"""Irregular times made regular on request, and frequencies as a recipe writes them."""

import re
from collections.abc import Sequence
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
    table: Table, frequency: Frequency | None, *, categories: Sequence[str] = ()
) -> Table:
    """Rows moved to the nearest of evenly spaced stamps; a stamp of several holds their mean.

    Of ``categories`` it holds what the last of them has.

    Without a frequency it is the median distance, rounded to one that people use. Stamps that no
    row is moved to stay absent. Months are counted from their first day, and weekends belong to the
    Monday behind them. A table whose times do not rise is given back as it is, to be refused.
    """
    times = table.timestamps
    if len(times) < 2 or (np.diff(times).astype(np.int64) < 0).any():
        return table
    chosen = replace(frequency or _usual_frequency(table), style=table.style)
    steps = chosen.rows_between(times)
    if frequency is None and (steps >= 1).all():
        return table
    stamps = _nearest(times.astype(np.int64), chosen)
    moments, first, counts = np.unique(stamps, return_index=True, return_counts=True)
    moved = np.abs(stamps - times.astype(np.int64))
    notes = (
        f"{plural(int((moved > 0).sum()), 'row', thousands='')} moved to the nearest time of rows "
        f"{chosen.words}, by at most {_distance(int(moved.max()), chosen)}; "
        f"{plural(int((counts > 1).sum()), 'time', thousands='')} with the mean of several rows",
    )
    values, last = _means(table.values, first), np.append(first[1:], len(times)) - 1
    for place in (place for place, name in enumerate(table.columns) if name in categories):
        values[:, place] = table.values[last, place]
    return replace(
        table.rows(first),
        timestamps=as_times(moments, table.style),
        values=values,
        notes=table.notes + notes if moved.any() or (counts > 1).any() else table.notes,
    )


def _usual_frequency(table: Table) -> Frequency:
    """What the table has already, or the usual distance nearest to the median one."""
    gaps = np.diff(table.timestamps).astype(np.int64)
    inferred = infer_frequency(table.timestamps[np.append(True, gaps > 0)], table.style)
    if (inferred.rows_between(table.timestamps) >= 1).all():
        return inferred
    if table.style.integer:
        return Frequency("steps", commonest_of(gaps[gaps > 0]))
    median = float(np.median(gaps[gaps > 0]))
    if median >= 28 * _DAY:
        months = min(_MONTHS.values(), key=lambda n: abs(np.log(median / (n * 30.44 * _DAY))))
        return Frequency("months", months)
    return Frequency("microseconds", min(_ROUND, key=lambda n: abs(np.log(median / n))))


def _nearest(times: Numbers, frequency: Frequency) -> Numbers:
    """The stamp of each time: whole numbers, or microseconds since 1970."""
    if frequency.unit in ("steps", "microseconds"):
        n = frequency.n
        origin = int(times[0])
        if frequency.unit == "microseconds":
            origin -= origin % min(n, _DAY)
        return np.asarray(origin + (times - origin + n // 2) // n * n)
    moments = times.view("datetime64[us]")
    if frequency.unit == "months":
        months = moments.astype("datetime64[M]").astype(np.int64)
        stamps: Any = (months - (months - months[0]) % frequency.n).view("datetime64[M]")
    else:
        stamps = np.busday_offset(moments.astype("datetime64[D]"), 0, roll="forward")
    return np.asarray(stamps.astype("datetime64[us]").astype(np.int64))


def _means(values: Floats, first: Numbers) -> Floats:
    """The mean of the measured values of each group of rows, NaN where there are none."""
    measured = ~np.isnan(values)
    counts = np.add.reduceat(measured.astype(np.int64), first)
    sums = np.add.reduceat(np.where(measured, values, 0.0), first)
    means = sums / np.maximum(counts, 1)
    return np.where(counts > 0, means, np.nan)


def _distance(moved: int, frequency: Frequency) -> str:
    if frequency.unit == "steps":
        return str(moved)
    for unit, length in MICROSECONDS.items():
        if moved >= length and moved % length == 0:
            return plural(moved // length, unit, thousands="")
    return f"{moved / _SECOND:g} seconds"
