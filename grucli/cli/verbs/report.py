"""``grucli report``."""

from pathlib import Path
from typing import Annotated

import typer

from grucli.cli.kit.options import SCREEN, Json, NoColor, Quiet, Threads, Verbose


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run folder, such as runs/co2, or its best.pt.")
    ],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE|-", help="Default: report.html in the run."),
    ] = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Write one HTML page about a run: curves, forecasts, weights, gates, recipe and scores.

    The page holds all it shows and opens from disk, without a network. It needs no matplotlib.

    Example: grucli report runs/co2
    """
    from grucli.cli.kit.console import talk, write_result
    from grucli.files import write_atomically
    from grucli.page.render import render_page
    from grucli.results import to_json
    from grucli.runs import device, outputs, reporting
    from grucli.runs.checkpoints import checkpoint_in

    checkpoint = checkpoint_in(run)
    outputs.check_table_outputs({"--output": output}, checkpoint)
    device.set_threads(threads)
    found = reporting.report_run(run)
    content = f"{to_json(found)}\n".encode() if json else render_page(found)
    if output == "-" or (json and output is None):
        write_result(content.decode())
        return
    path = reporting.default_page(found) if output is None else Path(output)
    write_atomically(path, content)
    if not SCREEN.quiet:
        talk().print(f"report {path}", soft_wrap=True, markup=False)
