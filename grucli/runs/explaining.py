"""One step of a model at one time of a table, with all its numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from grucli.data import Panel
from grucli.errors import DataError, UsageError
from grucli.insight.board import most_changed_unit, write_board
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import Explanation, InputValue
from grucli.runs.opened import OpenedTable, open_forecaster, with_table
from grucli.runs.selecting import choose
from grucli.runs.tracing import check_rows, direction_of, one_series, record_rows, samples_of


def explain(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    at: str,
    layer: str = "0",
    unit: int | None = None,
    column: str | None = None,
) -> Explanation:
    """Work out one step of one unit (default: the one that changed most) at the time ``at``.

    In the newest context it is a step that ``trace`` shows; before, the last step of the context
    that ends at ``at``, or a step of the first. ``column`` picks a target where each goes through
    the network on its own. Raises DataError for an unknown time, UsageError for what is not there.
    """
    opened = one_series(with_table(open_forecaster(checkpoint, verb="explain"), data))
    context = opened.recipe.forecast.context
    row, stop = _window(opened, at, context)
    step, sample = row - (stop - context), _sample(opened, column)
    place = _layer(opened, layer, unit)
    records = record_rows(opened, stop - context, stop)
    record = next(r for r in records if (r.layer, r.reverse) == place)
    unit = most_changed_unit(record, step, sample) if unit is None else unit
    columns, inputs = _inputs(opened, records[0], row=row, step=step, sample=sample)
    reads = columns if record.layer == 0 else _units_below(opened)
    board = write_board(record, step=step, sample=sample, unit=unit, inputs=reads)
    times = [opened.panel.frequency.format(opened.panel.timestamps[i]) for i in (row, stop - 1)]
    return Explanation(
        checkpoint=opened.path,
        cell=record.rule.spec.name,
        layer_norm=record.rule.norm.name,
        time=times[0],
        last=times[1],
        step=step + 1,
        steps=context,
        sample=samples_of(opened)[sample],
        layer=record.layer,
        direction=direction_of(record),
        unit=unit,
        units=record.own.shape[-1],
        change=board.value - board.before,
        normalise=opened.recipe.forecast.normalise,
        inputs=inputs,
        board=board.steps,
        value=board.value,
        own_value=float(record.own[step, sample, unit]),
        series=opened.panel.ids[0],
    )


def _window(opened: OpenedTable, at: str, context: int) -> tuple[int, int]:
    """The row of a time, and where the context ends that it is shown in."""
    rows = len(opened.panel.values)
    check_rows(opened, context)
    row = _find_time(opened.panel, at)
    return row, rows if row >= rows - context else max(row + 1, context)


def _find_time(panel: Panel, at: str) -> int:
    """The row of a time. Raises DataError with the nearest times of the table."""
    first, last = (panel.frequency.format(panel.timestamps[row]) for row in (0, -1))
    span = f"{panel.source} goes from {first} to {last}"
    style = panel.frequency.style
    number = style.find(at)
    if number is None:
        raise DataError(f"--at {at}: not a time of this table; expected {style.words}; {span}")
    times = panel.timestamps.astype(np.int64)
    row = int(np.searchsorted(times, number))
    if row < len(times) and times[row] == number:
        return row
    near = range(max(row - 1, 0), min(row + 1, len(times)))
    nearest = " and ".join(panel.frequency.format(panel.timestamps[i]) for i in near)
    raise DataError(f"--at {at}: no such time; nearest: {nearest}; {span}")


def _layer(opened: OpenedTable, layer: str, unit: int | None) -> tuple[int, bool]:
    """The layer and direction that a name such as 0r means; checks the unit too."""
    units = () if unit is None else (unit,)
    return choose(opened.model, layers=[layer], units=units, gates=(), steps=(), rows=1).layers[0]


def _sample(opened: OpenedTable, column: str | None) -> int:
    """Which of the sequences that go through the stack belongs to a target column."""
    if column is None:
        return 0
    samples = samples_of(opened)
    if column not in samples:
        known = ", ".join(filter(None, samples)) or "no column, as all go together"
        raise UsageError(f"--column {column}: no sequence of its own; expected {known}")
    return samples.index(column)


def _inputs(
    opened: OpenedTable, record: LayerRecord, *, row: int, step: int, sample: int
) -> tuple[Sequence[str], tuple[InputValue, ...]]:
    """Names of what the first layer reads, and each value on its way from the table to there."""
    panel = opened.panel
    columns = panel.columns
    if opened.model.is_independent:
        columns = replace(columns, targets=columns.targets[sample : sample + 1])
    scaled = opened.data.newest_scaler.scale(panel.values[row : row + 1])[0]
    reads = record.inputs[step, sample].tolist()
    values = []
    for at, name in enumerate(columns.values):
        place = panel.columns.place(name)
        original, inside = float(panel.values[row, place]), float(scaled[place])
        values.append(InputValue(name, original, inside, reads[at]))
    for at, name in enumerate(columns.flag_names, start=columns.flag_places.start):
        values.append(InputValue(name, reads[at], reads[at], reads[at]))
    return columns.names, tuple(values)


def _units_below(opened: OpenedTable) -> list[str]:
    """Names of what an upper layer reads: the units of the layer below, both directions."""
    stack = opened.model.recurrent
    suffixes = ("", "r")[: stack.directions]
    return [f"below{unit}{suffix}" for suffix in suffixes for unit in range(stack.hidden_size)]
