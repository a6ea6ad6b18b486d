"""``grucli tune``."""

from typing import Annotated, Any

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
from grucli.errors import UsageError

_Trials = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Number of trials of the whole study (default: tune.trials)."
    ),
]
_Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database that many machines share, such as postgresql://user@host/name (default: a "
        "journal file in the run folder).",
    ),
]
_Lr = Annotated[
    bool, typer.Option("--lr", help="Only look for a learning rate: one short run of rising rates.")
]
_RunDir = Annotated[
    str | None, typer.Option(metavar="DIR", help="Run folder (default: runs/NAME-tune).")
]


def tune(
    recipe: RecipeFile,
    overrides: Overrides = None,
    trials: _Trials = None,
    storage: _Storage = None,
    run_dir: _RunDir = None,
    lr: _Lr = False,
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

    With --lr it makes one step at each of 200 rising learning rates, draws how
    the loss answers, and suggests one.

    Example: grucli tune recipes/co2.yaml --trials 20
    """
    settings, computing = overrides or [], {"device": device, "threads": threads or "auto"}
    if not lr:
        asked = {"trials": trials, "storage": storage, "run_dir": run_dir}
        _show_search(recipe, settings, {**asked, **computing}, json=json)
        return
    if trials is not None or storage is not None or run_dir is not None:
        raise UsageError("--lr: makes no study; leave out --trials, --storage and --run-dir")
    _show_rates(recipe, settings, computing, json=json)


def _show_search(recipe: str, overrides: list[str], options: dict[str, Any], *, json: bool) -> None:
    """The search, its progress, and what it came to."""
    from grucli.cli.kit.console import show, talk
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.tuning import open_tuning
    from grucli.cli.views.tuning_result import render_next, render_tuning
    from grucli.recipe import load_recipe
    from grucli.runs import tuning

    loaded = load_recipe(recipe, overrides)
    with catch_signals() as stop, open_tuning(quiet=SCREEN.quiet) as view:
        result = tuning.tune(loaded, stop=stop, show=view, **options)
    show(result, json=json, render=lambda width: render_tuning(result, width))
    if not SCREEN.quiet:
        console = talk()
        console.print(render_next(result, console.width), soft_wrap=True)


def _show_rates(recipe: str, overrides: list[str], options: dict[str, Any], *, json: bool) -> None:
    """The learning-rate range test."""
    from grucli.cli.kit.console import show, talk
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.rate_range import render_next, render_rate_range
    from grucli.recipe import load_recipe
    from grucli.runs.rate_range import find_rates

    loaded = load_recipe(recipe, overrides)
    with catch_signals() as stop:
        rates = find_rates(loaded, stop=stop, **options)
    show(rates, json=json, render=lambda width: render_rate_range(rates, width))
    if not SCREEN.quiet:
        console = talk()
        console.print(render_next(rates, recipe, console.width), soft_wrap=True)
