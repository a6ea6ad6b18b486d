"""``grucli report``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import SCREEN, Json, NoColor, Quiet, Threads, Verbose


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Run folder, such as runs/co2, or its best.pt.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE|-",
            help="File to write (default: report.html in the run).",
        ),
    ] = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Write one HTML page about a run: curves, forecasts, weights, gates, recipe and scores.

    The page holds all it shows and opens from disk, without a network. It needs no matplotlib.
    --json prints the numbers of the page instead, or with -o beside it.

    Example: grucli report runs/co2
    """
    from grucli.cli.kit.console import talk, write_output
    from grucli.page.render import render_page
    from grucli.runs import device, outputs, reporting
    from grucli.runs.checkpoints import checkpoint_in

    checkpoint = checkpoint_in(run)
    outputs.check_table_outputs({"--output": output}, checkpoint)
    path = "-" if json and output is None else output or str(reporting.default_page(checkpoint))
    device.set_threads(threads)
    found = reporting.report_run(run)
    write_output(found, lambda: render_page(found), path, json=json)
    if path != "-" and not SCREEN.quiet:
        talk().print(f"report {path}", soft_wrap=True, markup=False)
