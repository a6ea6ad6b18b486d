"""``grucli backtest``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import SCREEN, Json, Levels, NoColor, Overrides, Quiet, Threads, Verbose

_Source = Annotated[
    str, typer.Argument(metavar="RECIPE|CKPT", help="Recipe, checkpoint or run folder.")
]
_Windows = Annotated[int, typer.Option(min=1, metavar="N", help="Number of windows to forecast.")]
_Step = Annotated[
    int | None, typer.Option(min=1, metavar="S", help="Rows between windows (default: a horizon).")
]
_Refit = Annotated[bool, typer.Option("--refit", help="Train a model before each window.")]


def backtest(
    source: _Source,
    overrides: Overrides = None,
    windows: _Windows = 5,
    step: _Step = None,
    refit: _Refit = False,
    level: Levels = [],  # noqa: B006
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Forecast one window after another at the end of a table, beside the baselines.

    Of a recipe a model is trained on what comes before the first window, or with --refit before
    each; of a checkpoint all windows must lie in its test span. --level 80 judges the intervals of
    that level; without it those of 80 and 95 per cent.

    Example: grucli backtest recipes/co2.yaml --windows 4 --step 26
    """
    from grucli.cli.kit.console import show, talk, tell_notes
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.backtest import render_backtest
    from grucli.runs import backtesting

    with catch_signals() as stop:
        stop.words = "before all windows were scored; nothing is kept"
        found = backtesting.backtest(
            source,
            overrides or [],
            windows=windows,
            step=step,
            refit=refit,
            levels=level,
            threads=threads,
            say=(lambda _: None) if SCREEN.quiet else lambda words: talk().print(words),
        )
    tell_notes(found.notes)
    show(found, json=json, render=lambda width: render_backtest(found, width))
