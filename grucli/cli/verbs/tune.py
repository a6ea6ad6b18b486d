"""``grucli tune``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import (
    SCREEN,
    Device,
    Json,
    NoColor,
    Overrides,
    Quiet,
    RecipeFile,
    Threads,
    Verbose,
)

_Trials = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Trials of the whole study; default: tune.trials."),
]
_Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A database that many machines share, such as postgresql://user@host/name; default: a "
        "journal file in the run folder.",
    ),
]
_RunDir = Annotated[
    str | None, typer.Option(metavar="DIR", help="Run folder; default runs/NAME-tune.")
]


def tune(
    recipe: RecipeFile,
    overrides: Overrides = None,
    trials: _Trials = None,
    storage: _Storage = None,
    run_dir: _RunDir = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Search for better settings of a recipe, by the validation span alone.

    Tries what its tune: section names, or a space of its task. Start it as often as there are
    cores to share one study; what was stopped goes on with the same command.

    Example: grucli tune recipes/co2.yaml --trials 20
    """
    from grucli.cli.kit.console import show, talk
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.tuning import open_tuning
    from grucli.cli.views.tuning_result import render_next, render_tuning
    from grucli.recipe import load_recipe
    from grucli.runs import tuning

    loaded = load_recipe(recipe, overrides or [])
    with catch_signals() as stop, open_tuning(quiet=SCREEN.quiet) as view:
        found = tuning.tune(
            loaded,
            run_dir=run_dir,
            storage=storage,
            trials=trials,
            device=device,
            threads=threads or "auto",
            stop=stop,
            show=view,
        )
    show(found, json=json, render=lambda width: render_tuning(found, width))
    if not SCREEN.quiet:
        console = talk()
        console.print(render_next(found, console.width), soft_wrap=True)
