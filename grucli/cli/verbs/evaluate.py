"""``grucli eval``."""

from typing import Annotated, Any, Literal

import typer

from grucli.cli.kit.options import (
    Checkpoint,
    Data,
    FailIf,
    Json,
    Levels,
    NoColor,
    Plot,
    Quiet,
    Threads,
    Verbose,
)
from grucli.results import SplitName

_EXAMPLES = 4


def evaluate(
    checkpoint: Checkpoint,
    data: Data = None,
    split: Annotated[SplitName, typer.Option(help="Span to score.")] = "test",
    by: Annotated[
        Literal["step", "column"] | None,
        typer.Option(help="Show errors by horizon step or by column too."),
    ] = None,
    level: Levels = [],  # noqa: B006
    fail_if: FailIf = [],  # noqa: B006
    plot: Plot = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Score a checkpoint beside naive, seasonal naive, drift and ridge forecasts.

    --level 80 judges the intervals that `predict --level 80` gives, as coverage.80 and width.80;
    without it those of 80 and 95 per cent. --plot draws forecasts of four windows and these
    intervals beside the truth and the rows they were made from. A classifier stands beside the
    majority class and ridge regression; --plot draws what it takes for what. A regressor stands
    beside the mean and ridge regression; --plot draws what it says against the truth.

    Example: grucli eval runs/co2/best.pt --by step --fail-if "mase>1"
    """
    from grucli.cli.kit.checks import check
    from grucli.cli.kit.console import show, tell_notes
    from grucli.cli.kit.plots import check_plot, write_plot
    from grucli.cli.views.judged import judged_numbers, render_judged
    from grucli.runs import device, outputs, reading

    check_plot(plot)
    outputs.check_table_outputs({"--plot": plot}, checkpoint, data)
    device.set_threads(threads)
    scores, examples = reading.evaluate_with_examples(
        checkpoint, data, split=split, examples=0 if plot is None else _EXAMPLES, levels=level
    )
    write_plot(plot, lambda: _drawing(scores, examples, split))
    tell_notes(scores.notes)
    show(scores, json=json, render=lambda width: render_judged(scores, by, width))
    check(fail_if, judged_numbers(scores))


def _drawing(scores: Any, examples: Any, split: str) -> Any:
    from grucli.figures.classes import draw_confusion
    from grucli.figures.numbers import draw_numbers
    from grucli.figures.series import draw_forecasts
    from grucli.results import ClassScores, NumberScores

    if isinstance(scores, ClassScores):
        return draw_confusion(scores)
    if isinstance(scores, NumberScores):
        return draw_numbers(scores)
    return draw_forecasts(examples, title=f"Forecasts against the truth, split {split}")
