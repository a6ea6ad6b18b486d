"""``grucli export``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import Checkpoint, Json, NoColor, Quiet, Verbose

_File = Annotated[
    str,
    typer.Option(
        "-o", "--output", metavar="FILE", help="File to write: NAME.onnx, .pt2 or .safetensors."
    ),
]


def export(
    checkpoint: Checkpoint,
    output: _File,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Write a model as a file for other programs.

    .onnx and .pt2 are a whole forecast: rows in the table's units in, forecasts in its units out,
    run and compared with predict before they are written. .safetensors has the weights, under
    torch's names, with the recipe and the scaler.

    Example: grucli export runs/co2 -o co2.onnx
    """
    from grucli.cli.kit.console import show
    from grucli.cli.views.exported import render_exported
    from grucli.runs import exporting

    exported = exporting.export(checkpoint, output)
    show(exported, json=json, render=lambda width: render_exported(exported, width))
