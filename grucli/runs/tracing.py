"""The verbs that run a model over a table and show what happens inside: trace and explain."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grucli.data import build_tensors, whole_span
from grucli.errors import UsageError
from grucli.insight.dynamics import (
    crossings,
    fitted_half_life_steps,
    gradients_by_lag,
    largest_lyapunov,
)
from grucli.insight.tracing import (
    Selection,
    gate_activities,
    time_constant_steps,
    value_names,
    values_of,
)
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import LayerActivity, TraceReport
from grucli.runs.contexts import (
    check_rows,
    loss_of,
    normalise_of,
    one_series,
    record_rows,
    samples_of,
    steps_read,
    table_words,
)
from grucli.runs.opened import OpenedTable, open_member, with_table
from grucli.runs.selecting import Chosen, choose
from grucli.tasks.forecast.samples import build_windows
from grucli.tensors import torch

_GRADIENT_WINDOWS = 32
_GRADIENT_VALUES = 4_000_000
"""Recorded state values of all windows together, so that backpropagation fits into memory."""


@dataclass(frozen=True, eq=False)
class Traced:
    """The report for a screen, and every value: ``layers`` maps (layer, direction) to an array
    [T, B, H, columns] with the columns of ``names``.
    """

    report: TraceReport
    times: tuple[str, ...]
    units: tuple[int, ...]
    names: tuple[str, ...]
    layers: dict[tuple[int, str], NDArray[np.float32]]


def trace(
    checkpoint: str | Path,
    data: str | bytes | None = None,
    *,
    rows: int | None = None,
    layers: Sequence[str] = (),
    units: Sequence[int] = (),
    gates: Sequence[str] = (),
    steps: Sequence[int] = (),
    member: int | None = None,
) -> Traced:
    """Run a model over the newest rows of a table as it does before it forecasts, or answers.

    ``rows`` (default: task.context) may be more where windows are not normalised; other tasks read
    the whole first series, or the newest piece of it. ``layers`` are
    such as 0 or 0r (reverse), ``gates`` words or letters, ``steps`` count from 0 or back from -1;
    nothing chosen is everything. ``member`` is as in ``inspect_weights``. Raises UsageError for
    what does not exist, DataError for a table that is too short.
    """
    opened = one_series(with_table(open_member(checkpoint, member), data))
    count = _rows_to_read(opened, rows)
    stop = len(opened.panel.values)
    ends = range(stop - 1, stop - count - 1, -opened.model.rows_per_step)[::-1]
    chosen = choose(
        opened.model, layers=layers, units=units, gates=gates, steps=steps, count=len(ends)
    )
    picked = chosen.selection
    records = record_rows(opened, stop - count, stop)
    shown = [record for record in records if (record.layer, record.reverse) in chosen.layers]
    format_time = opened.panel.frequency.format
    times = opened.panel.timestamps
    return Traced(
        report=_report(opened, records, chosen, [*map(format_time, times[stop - count : stop])]),
        times=tuple(format_time(times[ends[step]]) for step in picked.steps or range(len(ends))),
        units=picked.units or tuple(range(opened.recipe.model.hidden)),
        names=value_names(opened.recipe.model.cell, picked),
        layers={(r.layer, direction_of(r)): values_of(r, picked).numpy() for r in shown},
    )


def _report(
    opened: OpenedTable, records: Sequence[LayerRecord], chosen: Chosen, times: Sequence[str]
) -> TraceReport:
    gradients, windows = _gradients(opened)
    recipe = opened.recipe
    return TraceReport(
        **opened.labels,
        table=table_words(opened),
        cell=recipe.model.cell,
        layer_norm=recipe.model.layer_norm,
        normalise=normalise_of(opened),
        rows=len(times),
        rows_per_step=opened.model.rows_per_step,
        first=times[0],
        last=times[-1],
        samples=samples_of(opened),
        layers=tuple(
            _activity(record, chosen.selection, gradient)
            for record, gradient in zip(records, gradients, strict=True)
            if (record.layer, record.reverse) in chosen.layers
        ),
        loss=loss_of(opened),
        windows=windows,
        difference=max(float((r.parts_after() - r.own).abs().max()) for r in records),
    )


def direction_of(record: LayerRecord) -> str:
    """Either ``forward`` or ``reverse``."""
    return "reverse" if record.reverse else "forward"


def _rows_to_read(opened: OpenedTable, rows: int | None) -> int:
    if opened.task.kind != "forecast":
        if rows is not None:
            raise UsageError(
                f"--rows {rows}: the model reads series as they are (task.kind "
                f"{opened.task.kind}); leave it out"
            )
        return steps_read(opened)
    task = opened.recipe.forecast
    if rows is None:
        rows = task.context
    elif rows < task.context:
        raise UsageError(
            f"--rows {rows}: the model reads {task.context} rows (task.context) before it "
            f"forecasts; expected at least as many"
        )
    elif rows > task.context and task.normalise != "none":
        raise UsageError(
            f"--rows {rows}: each window of {task.context} rows is normalised on its own "
            f"(task.normalise {task.normalise}), so a longer one is nothing that the model ever "
            "sees; leave --rows out"
        )
    check_rows(opened, rows)
    return rows


def _activity(
    record: LayerRecord, selection: Selection, gradient: tuple[float, ...] | None
) -> LayerActivity:
    exponent, over, halves = largest_lyapunov(record)
    half, tenth, reach = crossings(gradient) if gradient is not None else (None, None, None)
    return LayerActivity(
        layer=record.layer,
        direction=direction_of(record),
        units=record.own.shape[-1],
        gates=gate_activities(record, selection),
        time_constant_steps=time_constant_steps(record, selection),
        gradient_by_lag=gradient,
        fitted_half_life_steps=fitted_half_life_steps(gradient) if gradient is not None else None,
        gradient_half_lag=half,
        gradient_tenth_lag=tenth,
        gradient_hundredth_lag=reach,
        largest_lyapunov_exponent=exponent,
        lyapunov_steps=over,
        lyapunov_halves=halves,
    )


def _gradients(opened: OpenedTable) -> tuple[Sequence[tuple[float, ...] | None], int]:
    """Gradients by lag of every layer, in float64, from windows spread over the whole table."""
    recipe, panel, stack = opened.recipe, opened.panel, opened.model.recurrent
    count = stack.num_layers * stack.directions
    if (
        opened.task.kind != "forecast"
        or len(panel.values) < recipe.forecast.context + recipe.forecast.horizon
    ):
        return [None] * count, 0
    tensors = build_tensors(panel, opened.data.newest_scaler, torch.device("cpu"))
    windows = build_windows(tensors, whole_span(panel), recipe.forecast)
    values = recipe.forecast.context * stack.hidden_size * count * opened.model.samples_per_window
    most = max(min(_GRADIENT_WINDOWS, _GRADIENT_VALUES // values, len(windows)), 1)
    index = torch.linspace(0, len(windows) - 1, most).round().long()
    batch = windows.gather(index)
    doubled = copy.deepcopy(opened.model).double()
    future = None if batch.future is None else batch.future.double()
    precise = type(batch)(batch.context.double(), batch.target.double(), batch.weight, future)
    return gradients_by_lag(doubled, precise, loss=recipe.train.loss), most
