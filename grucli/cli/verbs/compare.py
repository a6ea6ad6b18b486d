"""``grucli compare``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import Json, NoColor, Quiet, Verbose

_Runs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...", help="Run folders, checkpoints, or a folder of runs (default: runs/)."
    ),
]


def compare(
    runs: _Runs = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Put runs side by side: scores, sizes, times, and where their recipes differ.

    The best stands first: by mase or accuracy on the test span, or by validation loss where not
    all runs have been scored.

    Example: grucli compare runs/co2 runs/co2_layer_norm
    """
    from grucli.cli.kit.console import show
    from grucli.cli.views.runs import render_runs
    from grucli.runs import comparing

    found = comparing.compare(runs or [])
    show(found, json=json, render=lambda width: render_runs(found, width))
