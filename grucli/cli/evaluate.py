"""``grucli eval``."""

from typing import Annotated, Literal

import typer

from grucli.cli.options import Checkpoint, Data, FailIf, Json, NoColor, Quiet, Threads, Verbose


def evaluate(
    checkpoint: Checkpoint,
    data: Data = None,
    split: Annotated[
        Literal["train", "valid", "test", "all"], typer.Option(help="Which span to score.")
    ] = "test",
    by: Annotated[
        Literal["step", "column"] | None, typer.Option(help="Also by horizon step or by column.")
    ] = None,
    fail_if: FailIf = [],  # noqa: B006
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Score a checkpoint beside naive, seasonal naive, drift and ridge forecasts.

    Example: grucli eval runs/co2/best.pt --by step --fail-if "mase>1"
    """
    from grucli.cli.checks import check
    from grucli.cli.console import result, write_result
    from grucli.cli.scores_view import render_scores, score_numbers
    from grucli.reports import to_json
    from grucli.runs import device, reading

    device.set_threads(threads)
    scores = reading.evaluate(checkpoint, data, split=split)
    if json:
        write_result(to_json(scores) + "\n")
    else:
        console = result()
        console.print(render_scores(scores, by, console.width))
    check(fail_if, score_numbers(scores))
