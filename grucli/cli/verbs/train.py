"""``grucli train``."""

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

_RunDir = Annotated[str | None, typer.Option(metavar="DIR", help="Run folder; default runs/NAME.")]
_Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from DIR/last.pt, with the run's own settings.")
]
_Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier run once this has best weights.")
]
_PrintRecipe = Annotated[
    bool, typer.Option("--print-recipe", help="Print the resolved recipe and stop.")
]
_Seed = Annotated[int | None, typer.Option(help="Same as --set train.seed=N.")]


def train(
    recipe: RecipeFile,
    overrides: Overrides = None,
    run_dir: _RunDir = None,
    resume: _Resume = False,
    overwrite: _Overwrite = False,
    print_recipe: _PrintRecipe = False,
    device: Device = "auto",
    threads: Threads = None,
    seed: _Seed = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Train a recipe, keep the best weights, and print their scores on the test span.

    Example: grucli train recipes/co2.yaml --set train.epochs=5
    """
    from grucli.recipe import dump_recipe, load_recipe

    settings = [*(overrides or []), *([] if seed is None else [f"train.seed={seed}"])]
    loaded = load_recipe(recipe, settings)
    if print_recipe:
        from grucli.cli.kit.console import write_result

        write_result(dump_recipe(loaded))
        return

    from grucli.cli.kit.console import show, talk
    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.summary import render_next, render_result
    from grucli.cli.views.training import open_view
    from grucli.results import TrainingFinished
    from grucli.runs import training
    from grucli.runs.origin import Origin

    with catch_signals() as stop, open_view(quiet=SCREEN.quiet) as view:
        for event in training.train(
            loaded,
            run_dir=run_dir,
            resume=resume,
            overwrite=overwrite,
            device=device,
            threads=threads or "auto",
            stop=stop,
            origin=Origin.of(recipe, settings),
        ):
            view(event)
    assert isinstance(event, TrainingFinished)
    finished = event
    show(finished, json=json, render=lambda width: render_result(finished, width))
    if not SCREEN.quiet:
        console = talk()
        console.print(render_next(finished, console.width), soft_wrap=True)
