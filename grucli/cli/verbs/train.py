"""``grucli train``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from grucli.cli.kit.options import (
    SCREEN,
    Device,
    Json,
    MeasuredThreads,
    NoColor,
    Overrides,
    Quiet,
    RecipeFile,
    Verbose,
)

_RunDir = Annotated[
    str | None, typer.Option(metavar="DIR", help="Run folder (default: runs/NAME).")
]
_Resume = Annotated[
    bool, typer.Option("--resume", help="Resume from DIR/last.pt, with the settings of the run.")
]
_Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier run once this one has best weights.")
]
_PrintRecipe = Annotated[
    bool, typer.Option("--print-recipe", help="Print the resolved recipe and stop.")
]
_Processes = Annotated[
    int,
    typer.Option(
        min=1, help="Processes on this machine that share every batch (see also torchrun)."
    ),
]
_Watch = Annotated[
    list[str] | None,
    typer.Option(metavar="TRACKER", help="Also send every epoch to tensorboard or trackio."),
]
_Seed = Annotated[int | None, typer.Option(help="Set the seed, as --set train.seed=N does.")]


def train(
    recipe: RecipeFile,
    overrides: Overrides = None,
    run_dir: _RunDir = None,
    resume: _Resume = False,
    overwrite: _Overwrite = False,
    print_recipe: _PrintRecipe = False,
    device: Device = "auto",
    threads: MeasuredThreads = None,
    seed: _Seed = None,
    processes: _Processes = 1,
    watch: _Watch = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Train a recipe, keep the best weights, and print their scores on the test span.

    Example: grucli train recipes/co2.yaml --set train.epochs=5
    """
    from grucli.recipe import load_recipe
    from grucli.runs.launched import launched_rank

    if launched_rank():
        return _follow(device)
    settings = [*(overrides or []), *([] if seed is None else [f"train.seed={seed}"])]
    loaded = load_recipe(recipe, settings)
    if print_recipe:
        return _print(loaded)
    from grucli.runs.origin import Origin
    from grucli.runs.training import train as events

    begin = _beginning(loaded, run_dir, resume, overwrite)
    with _at_work(loaded, run_dir, watch or [], processes, device) as (view, meanwhile):
        for event in events(
            loaded,
            threads=threads or "auto",
            origin=Origin.of(recipe, settings),
            **begin,
            **meanwhile,
        ):
            view(event)
    return _show_result(event, json=json)


def _beginning(recipe: Any, run_dir: str | None, resume: bool, overwrite: bool) -> dict[str, Any]:
    """Whether to resume and to overwrite: as asked, or as a command goes on that is run again."""
    from grucli.runs.folder import RunFolder
    from grucli.runs.launched import is_started_again

    if is_started_again():
        resume, overwrite = RunFolder.named(recipe.name, run_dir).taken_up(resume, overwrite)
    return {"resume": resume, "overwrite": overwrite}


@contextmanager
def _at_work(
    recipe: Any, run_dir: str | None, watch: list[str], processes: int, device: str
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What shows an event on standard error, and where, how and with whom training is done."""
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.training import open_view
    from grucli.runs.folder import RunFolder
    from grucli.runs.processes import together
    from grucli.runs.watching import watchers

    place = RunFolder.named(recipe.name, run_dir).path
    observers = watchers(watch, run=place, cell=recipe.model.cell)

    with (
        catch_signals() as stop,
        together(processes, device=device, halt=stop) as ranks,
        open_view(quiet=SCREEN.quiet) as view,
    ):
        settings = {"run_dir": run_dir, "device": device, "stop": stop, "ranks": ranks}
        yield view, settings | {"observers": observers}


def _follow(device: str) -> None:
    """What a launched process does that is not the first: its part of every batch."""
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.runs.processes import follow_launched

    with catch_signals() as stop:
        code = follow_launched(device=device, halt=stop)
    raise typer.Exit(code)


def _print(recipe: Any) -> None:
    """The recipe with every default written out."""
    from grucli.cli.kit.console import write_result
    from grucli.recipe import dump_recipe

    write_result(dump_recipe(recipe))


def _show_result(finished: Any, *, json: bool) -> None:
    """The scores on standard output, and beside it what can be done next."""
    from grucli.cli.kit.console import show, talk
    from grucli.cli.views.summary import render_next, render_result

    show(finished, json=json, render=lambda width: render_result(finished, width))
    if not SCREEN.quiet:
        console = talk()
        console.print(render_next(finished, console.width), soft_wrap=True)
