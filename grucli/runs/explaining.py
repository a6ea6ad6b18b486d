"""One step of a model at one time of a table, with all its numbers."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grucli.cells.address import segment_names
from grucli.data import Panel, put_classes
from grucli.errors import DataError, UsageError
from grucli.insight.board import most_changed_unit, write_board
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import Explanation, InputValue
from grucli.runs.contexts import (
    check_rows,
    columns_read,
    newest_contexts,
    normalise_of,
    one_series,
    record_rows,
    samples_of,
    steps_read,
)
from grucli.runs.opened import OpenedTable, open_member, with_table
from grucli.runs.selecting import choose
from grucli.runs.tracing import direction_of


def explain(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    at: str,
    layer: str = "0",
    unit: int | None = None,
    column: str | None = None,
    member: int | None = None,
) -> Explanation:
    """Work out one step of one unit (default: the one that changed most) at the time ``at``.

    In the newest context it is a step that ``trace`` shows; before, the last step of the context
    that ends there. ``column`` picks an independent target. Raises DataError, UsageError.
    """
    opened = one_series(with_table(open_member(checkpoint, member), data))
    row, stop = _window(opened, at)
    step, rows = _step(opened, row, stop)
    sample = _sample(opened, column)
    record = _record(opened, layer, unit, stop=stop)
    unit = most_changed_unit(record, step, sample) if unit is None else unit
    reads = _first_inputs(opened, sample) if record.layer == 0 else _units_below(opened)
    board = write_board(record, step=step, sample=sample, unit=unit, inputs=reads)
    return Explanation(
        **opened.labels,
        cell=record.rule.spec.name,
        layer_norm=record.rule.norm.name,
        time=_written(opened.panel, row),
        last=_written(opened.panel, stop - 1),
        step=step + 1,
        steps=len(record.own),
        rows_per_step=opened.model.rows_per_step,
        sample=samples_of(opened)[sample],
        layer=record.layer,
        direction=direction_of(record),
        unit=unit,
        units=record.own.shape[-1],
        change=board.value - board.before,
        normalise=normalise_of(opened),
        inputs=_inputs(opened, rows, stop=stop, sample=sample),
        board=board.steps,
        value=board.value,
        own_value=float(record.own[step, sample, unit]),
        series=opened.panel.ids[0],
    )


def _written(panel: Panel, row: int) -> str:
    """The time of a row, as in the table."""
    return panel.frequency.format(panel.timestamps[row])


def _window(opened: OpenedTable, at: str) -> tuple[int, int]:
    """The row of a time, and where the context ends that it is shown in."""
    rows, context = len(opened.panel.values), steps_read(opened)
    check_rows(opened, context)
    row = _find_time(opened.panel, at)
    return row, rows if row >= rows - context else max(row + 1, context)


def _find_time(panel: Panel, at: str) -> int:
    """The row of a time. Raises DataError with the nearest times of the table."""
    first, last = (_written(panel, row) for row in (0, -1))
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
    nearest = " and ".join(_written(panel, row) for row in near)
    raise DataError(f"--at {at}: no such time; nearest: {nearest}; {span}")


def _record(opened: OpenedTable, layer: str, unit: int | None, *, stop: int) -> LayerRecord:
    """What a layer, or direction of it such as 0r, computed in a context; checks the unit too."""
    units = () if unit is None else (unit,)
    chosen = choose(opened.model, layers=[layer], units=units, gates=(), steps=(), count=1)
    records = record_rows(opened, stop - steps_read(opened), stop)
    return next(r for r in records if (r.layer, r.reverse) == chosen.layers[0])


def _sample(opened: OpenedTable, column: str | None) -> int:
    """Which of the sequences that go through the stack belongs to a target column."""
    if column is None:
        return 0
    samples = samples_of(opened)
    if column not in samples:
        known = ", ".join(filter(None, samples)) or "no column, as all go together"
        raise UsageError(f"--column {column}: no sequence of its own; expected {known}")
    return samples.index(column)


def _step(opened: OpenedTable, row: int, stop: int) -> tuple[int, range]:
    """The step of the stack that reads a row of the context before ``stop``, and all its rows."""
    size, first = opened.model.rows_per_step, stop - steps_read(opened)
    end = stop - (stop - 1 - row) // size * size
    return math.ceil((end - first) / size) - 1, range(max(end - size, first), end)


def _first_inputs(opened: OpenedTable, sample: int) -> Sequence[str]:
    """Names of what the first layer reads: columns, or what a segment's layer makes of them."""
    if opened.model.rows_per_step == 1:
        return columns_read(opened, sample).input_names(opened.learned.scaler.texts)
    return segment_names(opened.model.recurrent.input_size, gap="")


def _inputs(opened: OpenedTable, rows: range, *, stop: int, sample: int) -> tuple[InputValue, ...]:
    """Each value that a step reads, on its way from the table to there."""
    panel, columns = opened.panel, columns_read(opened, sample)
    scaler, original = opened.data.newest_scaler, panel.values[rows.start : rows.stop]
    scaled = scaler.scale(original)
    asked = {"words": panel.categories, "vocabularies": scaler.vocabularies}
    put_classes(scaled, original, panel.columns.values, **asked)
    context = newest_contexts(opened, stop, steps_read(opened))
    reads = opened.model.normalised(context)[sample, rows.start - stop : rows.stop - stop or None]
    values = []
    for at, row in enumerate(rows):
        when = "" if len(rows) == 1 else f" {_written(panel, row)}"
        read = zip(columns.inputs(scaler.texts), reads[at].tolist(), strict=True)
        for (name, part), inside in read:
            if name in columns.flag_names:
                values.append(InputValue(name + when, inside, inside, inside))
                continue
            place = panel.columns.place(name)
            own, shown = float(original[at, place]), name
            if part is not None:
                shown = f"{name}={panel.categories[name][int(own)] or 'unknown'}[{part}]"
            values.append(InputValue(shown + when, own, float(scaled[at, place]), inside))
    return tuple(values)


def _units_below(opened: OpenedTable) -> list[str]:
    """Names of what an upper layer reads: the units of the layer below, both directions."""
    stack = opened.model.recurrent
    suffixes = ("", "r")[: stack.directions]
    return [f"below{unit}{suffix}" for suffix in suffixes for unit in range(stack.hidden_size)]
