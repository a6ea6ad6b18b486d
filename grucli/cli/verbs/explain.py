"""``grucli explain``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import Checkpoint, Data, Json, NoColor, Quiet, Threads, Verbose


def explain(
    checkpoint: Checkpoint,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Time of the step, as in the table.")
    ],
    data: Data = None,
    layer: Annotated[str, typer.Option(help="Layer: 0, 1; 0r is the reverse direction.")] = "0",
    unit: Annotated[
        int | None, typer.Option(help="Unit, from 0 (default: the one that changed most).")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Target, where channels are independent.")
    ] = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Show one real step of one unit with its numbers, equation by equation.

    Example: grucli explain runs/co2/best.pt data/co2_weekly.csv --at 2001-12-22
    """
    from grucli.cli.kit.console import show
    from grucli.cli.views.explain import render_explanation
    from grucli.runs import device, explaining

    device.set_threads(threads)
    explanation = explaining.explain(checkpoint, data, at=at, layer=layer, unit=unit, column=column)
    show(explanation, json=json, render=lambda width: render_explanation(explanation, width))
