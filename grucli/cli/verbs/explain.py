"""``grucli explain``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import Checkpoint, Data, Json, NoColor, Quiet, Threads, Verbose
from grucli.cli.kit.weight_options import Member
from grucli.errors import UsageError

_Layer = Annotated[
    str | None, typer.Option(help="Layer: 0, 1; 0r is the reverse direction (default: 0).")
]
_Unit = Annotated[
    int | None,
    typer.Option(
        help="Unit, from 0 (default: the one that changed most); without --at show its page."
    ),
]


def explain(
    checkpoint: Checkpoint,
    data: Data = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Time of the step, as in the table."),
    ] = None,
    layer: _Layer = None,
    unit: _Unit = None,
    column: Annotated[
        str | None, typer.Option(help="Target, where channels are independent.")
    ] = None,
    member: Member = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Show one real step of one unit with its numbers, equation by equation.

    With --unit and without --at show what the unit learned: its weights, its gates and its state
    along the newest context (of the last layer, unless --layer names another).

    Example: grucli explain runs/co2/best.pt data/co2_weekly.csv --at 2001-12-22
    """
    from grucli.cli.kit.console import show
    from grucli.cli.verbs.unit_page import show_unit
    from grucli.cli.views.explain import render_explanation
    from grucli.runs import device, explaining

    device.set_threads(threads)
    if at is None:
        _check_page(unit, column)
        assert unit is not None
        layers = [layer] if layer else []
        show_unit(checkpoint, unit, layers, data=data, member=member, json=json)
        return
    explanation = explaining.explain(
        checkpoint, data, at=at, layer=layer or "0", unit=unit, column=column, member=member
    )
    show(explanation, json=json, render=lambda width: render_explanation(explanation, width))


def _check_page(unit: int | None, column: str | None) -> None:
    """Raise UsageError where neither a step nor a unit is asked for, or more than its page."""
    if unit is None:
        raise UsageError(
            "--at: missing; expected --at TIME for a step, or --unit N for what a unit learned"
        )
    if column is not None:
        raise UsageError(f"--column {column}: does nothing without --at; leave it out")
