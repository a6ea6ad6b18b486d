"""``grucli inspect-weights``."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from grucli.cli.options import Checkpoint, FailIf, Json, NoColor, Plot, Quiet, Verbose
from grucli.errors import UsageError


def inspect_weights(
    checkpoint: Checkpoint,
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help="A second one, to compare with.")
    ] = None,
    matrix: Annotated[
        str | None, typer.Option(metavar="NAME", help="One matrix alone: W_hz or 0.update.hh.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="OUT|-", help="Write --matrix as .csv or .npy."),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="How the weights were learned, phase by phase.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="No fast approximations for large matrices.")
    ] = False,
    fail_if: FailIf = [],  # noqa: B006
    plot: Plot = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Show every matrix by layer and gate: its size, spread, spectrum and memory.

    Also reads a plain state dictionary with torch GRU, LSTM or RNN weights, and safetensors.

    Example: grucli inspect-weights runs/co2/best.pt --matrix W_hz
    """
    # A report of small matrices is slower, not faster, with several threads that wait by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if output is not None and matrix is None:
        raise UsageError("--output: writes one matrix; name it with --matrix")
    _plot(plot, checkpoint, other=other, matrix=matrix, history=history)
    if history:
        _show_history(checkpoint, json, other=other, matrix=matrix, fail_if=fail_if)
    elif other is not None:
        _compare(checkpoint, other, json)
    elif matrix is not None:
        _show_matrix(checkpoint, matrix, output, json)
    else:
        _show_report(checkpoint, exact, fail_if, json)


def _plot(
    path: Path | None, checkpoint: str, *, other: str | None, matrix: str | None, history: bool
) -> None:
    """Draw what is about to be shown, if a file for it is named."""
    if path is None:
        return
    from grucli.cli.plots import check_plot, write_plot
    from grucli.pictures import matrices, series
    from grucli.runs import inspection

    check_plot(path)
    if history:
        write_plot(path, lambda: series.draw_history(inspection.history(checkpoint)))
    elif other is not None:
        write_plot(path, lambda: matrices.draw_change(inspection.picture_change(checkpoint, other)))
    elif matrix is not None:
        write_plot(path, lambda: matrices.draw_matrix(inspection.pick_matrix(checkpoint, matrix)))
    else:
        write_plot(path, lambda: matrices.draw_weights(inspection.picture(checkpoint)))


def _show(value: Any, renderable: Any, json: bool) -> None:
    """Put a report on standard output: as JSON, or drawn by ``renderable(value, width)``."""
    from grucli.cli.console import result, write_result
    from grucli.reports import to_json

    if json:
        write_result(to_json(value) + "\n")
    else:
        console = result()
        console.print(renderable(value, console.width))


def _show_report(checkpoint: str, exact: bool, fail_if: list[str], json: bool) -> None:
    from grucli.cli.checks import check
    from grucli.cli.inspect_view import render_weight_report
    from grucli.runs import inspection

    report = inspection.inspect_weights(checkpoint, exact=exact)
    _show(report, render_weight_report, json)
    check(fail_if, inspection.numbers(report))
    inspection.check_finite(report)


def _show_matrix(checkpoint: str, name: str, output: str | None, json: bool) -> None:
    from grucli.cli.console import write_result
    from grucli.cli.matrix_view import render_matrix
    from grucli.runs import inspection

    picked = inspection.pick_matrix(checkpoint, name)
    if output is None:
        _show(picked, render_matrix, json)
    elif output == "-":
        write_result(inspection.matrix_csv(picked))
    else:
        inspection.write_matrix(picked, Path(output))


def _show_history(
    checkpoint: str, json: bool, *, other: str | None, matrix: str | None, fail_if: list[str]
) -> None:
    from grucli.cli.history_view import render_weight_history
    from grucli.runs import inspection

    if other is not None or matrix is not None or fail_if:
        raise UsageError(
            "--history: shows the record of one run; expected no second checkpoint, no --matrix "
            "and no --fail-if beside it"
        )
    _show(inspection.history(checkpoint), render_weight_history, json)


def _compare(before: str, after: str, json: bool) -> None:
    from grucli.cli.comparison_view import render_weight_comparison
    from grucli.runs import inspection

    _show(inspection.compare(before, after), render_weight_comparison, json)
