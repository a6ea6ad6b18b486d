"""The verb that shows one unit: its weights, and its gates along the newest context."""

from dataclasses import replace
from pathlib import Path

from grucli.errors import GrucliError
from grucli.results import UnitReport
from grucli.runs.inspection import read_file
from grucli.weights import unit_report


def inspect_unit(
    path: str | Path,
    unit: int,
    *,
    layer: str | None = None,
    data: str | bytes | None = None,
    layout: str | None = None,
    member: int | None = None,
) -> UnitReport:
    """One unit of a layer (default: the last), along the newest context of a table.

    ``data`` is the table; without it the recipe's own, and where that cannot be read ``note`` says
    why. ``layout`` and ``member`` are as in ``inspect_weights``. Raises UsageError for a layer or
    unit that the file does not have, DataError for ``data`` that cannot be read.
    """
    file = read_file(path, layout, member)
    report = unit_report(file, unit, layer)
    if file.recipe is None:
        return replace(report, note="a file of weights alone: no table to run it on")
    if data is not None:
        return _along_context(report, data, member)
    try:
        return _along_context(report, data, member)
    except GrucliError as error:
        return replace(report, note=str(error))


def _along_context(report: UnitReport, data: str | bytes | None, member: int | None) -> UnitReport:
    from grucli.runs import contexts  # torch, which a file of weights alone does not need
    from grucli.runs.opened import open_member, with_table
    from grucli.runs.tracing import direction_of

    opened = contexts.one_series(with_table(open_member(report.path, member), data))
    stop, context = len(opened.panel.values), contexts.steps_read(opened)
    contexts.check_rows(opened, context)
    records = contexts.record_rows(opened, stop - context, stop)
    place = (report.layer, report.direction)
    record = next(r for r in records if (r.layer, direction_of(r)) == place)
    gates = record.gates[:, 0].chunk(len(report.gates), dim=-1)
    names = contexts.columns_read(opened, 0).input_names(opened.learned.scaler.texts)
    rows = opened.model.normalised(contexts.newest_contexts(opened, stop, context))[0]
    moments = opened.panel.timestamps[stop - context : stop]
    return replace(
        report,
        gates=tuple(
            replace(gate, values=tuple(values[:, report.unit].tolist()))
            for gate, values in zip(report.gates, gates, strict=True)
        ),
        times=tuple(opened.panel.frequency.format(moment) for moment in moments),
        inputs={name: tuple(row) for name, row in zip(names, rows.mT.tolist(), strict=True)},
        states=tuple(record.parts_after()[:, 0, report.unit].tolist()),
    )
