"""Which series of a panel can be forecast: those whose newest context is more than filling."""

import numpy as np
from numpy.typing import NDArray

from grucli.data import Panel
from grucli.errors import DataError
from grucli.tasks.forecast.samples import long_enough
from grucli.text import plural, quoted


def forecast_places(panel: Panel, context_steps: int) -> NDArray[np.int64]:
    """The numbers of the series with a whole context, every column measured somewhere in it.

    Raises DataError where there is none.
    """
    places = long_enough(panel, context_steps)
    stops = panel.bounds[1:][places]
    ends = np.stack([stops - context_steps, stops], axis=1).ravel()
    runs = ends[:-1] if ends[-1] == len(panel.observed) else ends  # a run needs a first row
    kept = np.logical_or.reduceat(panel.observed, runs, axis=0)[::2].all(axis=1)
    if not kept.any():
        raise DataError(*_refusals(panel, int(places[0]), context_steps))
    return np.asarray(places[kept])


def left_out(panel: Panel, context_steps: int) -> tuple[str, ...]:
    """Sentences on series without a forecast, where there are any."""
    long, forecast = long_enough(panel, context_steps), forecast_places(panel, context_steps)
    notes = []
    if len(long) < panel.series:
        notes.append(
            f"{panel.series - len(long)} of {panel.series} series have fewer than {context_steps} "
            "rows (task.context) and were left out"
        )
    if len(forecast) < len(long):
        notes.append(
            f"{len(long) - len(forecast)} of {panel.series} series have a column without a "
            "measured value in the newest context and were left out"
        )
    return tuple(notes)


def check_newest(panel: Panel, context_steps: int) -> None:
    """Raise DataError where a column of the only series is not measured in its newest context."""
    if _unmeasured(panel, 0, context_steps):
        raise DataError(*_refusals(panel, 0, context_steps))


def _unmeasured(panel: Panel, place: int, context_steps: int) -> list[int]:
    """The columns of a series that hold no measured value in its newest context."""
    stop = int(panel.bounds[place + 1])
    return np.flatnonzero(~panel.observed[stop - context_steps : stop].any(axis=0)).tolist()


def _refusals(panel: Panel, place: int, context_steps: int) -> list[str]:
    """What is wrong with the newest context of one series, column by column."""
    start, stop = panel.bounds[place : place + 2].tolist()
    where = f"{panel.source}: series {quoted(panel.ids[place])}" if panel.ids[0] else panel.source
    rows = (stop - context_steps, stop - 1)
    first, last = (panel.frequency.format(panel.timestamps[row]) for row in rows)
    problems = []
    for column in _unmeasured(panel, place, context_steps):
        newest = start + int(np.flatnonzero(panel.observed[start:stop, column])[-1])
        time = panel.frequency.format(panel.timestamps[newest])
        problems.append(
            f"{where}: column {quoted(panel.columns.values[column])}: no measured value in the "
            f"newest context ({plural(context_steps, 'row')}, {first} to {last}), the newest is "
            f"at {time}; expected at least one; bring newer rows, or cut the table off at that time"
        )
    return problems
