"""``grucli trace``."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from grucli.cli.kit.options import (
    Checkpoint,
    Data,
    Gates,
    Json,
    Layers,
    NoColor,
    Plot,
    Quiet,
    Threads,
    Verbose,
)
from grucli.cli.kit.weight_options import Member

_Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="OUT|-", help="Write every value as .csv or .parquet."),
]
_Rows = Annotated[
    int | None,
    typer.Option(min=1, help="Read this many of the newest rows (default: task.context)."),
]
_Unit = Annotated[
    list[int],
    typer.Option(metavar="N", help="Write this unit only, from 0; on a terminal show its page."),
]
_Step = Annotated[
    list[int], typer.Option(metavar="N", help="Write this step only, from 0; -1 is the newest.")
]


def trace(
    checkpoint: Checkpoint,
    data: Data = None,
    output: _Output = None,
    rows: _Rows = None,
    layer: Layers = [],  # noqa: B006
    unit: _Unit = [],  # noqa: B006
    gate: Gates = [],  # noqa: B006
    step: _Step = [],  # noqa: B006
    member: Member = None,
    plot: Plot = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Run a model over a table and show what its gates do, and how far back gradients reach.

    Writes every gate, state and pre-activation as CSV into a file or pipe; shows a summary on a
    terminal, and as --json; of one --unit alone what it learned. Options may be given repeatedly.

    Example: grucli trace runs/co2/best.pt data/co2_weekly.csv -o gates.csv
    """
    from grucli.cli.kit.plots import check_plot, write_plot
    from grucli.cli.verbs.unit_page import show_unit
    from grucli.runs import device, outputs, trace_file, tracing

    check_plot(plot)
    outputs.check_table_outputs({"--output": output, "--plot": plot}, checkpoint, data)
    device.set_threads(threads)
    is_summary = output is None and not json and sys.stdout is not None and sys.stdout.isatty()
    if is_summary and len(unit) == 1 and not (rows or gate or step or plot):
        show_unit(checkpoint, unit[0], layer, data=data, member=member)
        return
    path = None if output in (None, "-") else Path(str(output))
    if path is not None:
        trace_file.check_output(path)
    picked: dict[str, Any] = {"layers": layer, "units": unit, "gates": gate, "steps": step}
    traced = tracing.trace(checkpoint, data, rows=rows, member=member, **picked)
    write_plot(plot, lambda: _drawing(traced))
    if path is not None:
        trace_file.write_trace(traced, path)
    if json or path is None:
        _show(traced, json=json, is_summary=is_summary)


def _drawing(traced: Any) -> Any:
    from grucli.figures.series import draw_trace

    return draw_trace(traced.report, traced.times)


def _show(traced: Any, *, json: bool, is_summary: bool) -> None:
    """Put statistics on standard output as JSON or, on a terminal, as a screen; else all values."""
    from grucli.cli.kit.console import show, write_result
    from grucli.cli.views.trace import render_trace
    from grucli.runs import trace_file

    report = traced.report
    if json or is_summary:
        show(report, json=json, render=lambda width: render_trace(report, width))
    else:
        write_result("")
        trace_file.write_trace_csv(traced, sys.stdout)
