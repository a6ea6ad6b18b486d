"""``grucli train``."""

from typing import Annotated

import typer

from grucli.cli.kit.options import SCREEN, Device, NoColor, Quiet, Threads, Verbose


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A YAML recipe.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key, as train.lr=3e-3."),
    ] = None,
    run_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Run folder; default runs/NAME.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from DIR/last.pt, with the run's own settings.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run once this has best weights.")
    ] = False,
    print_recipe: Annotated[
        bool, typer.Option("--print-recipe", help="Print the resolved recipe and stop.")
    ] = False,
    device: Device = "auto",
    threads: Threads = None,
    seed: Annotated[int | None, typer.Option(help="Same as --set train.seed=N.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Train a recipe and keep the best weights.

    Example: grucli train recipes/co2.yaml --set train.epochs=5
    """
    from grucli.recipe import dump_recipe, load_recipe

    settings = [*(overrides or []), *([] if seed is None else [f"train.seed={seed}"])]
    loaded = load_recipe(recipe, settings)
    if print_recipe:
        from grucli.cli.kit.console import write_result

        write_result(dump_recipe(loaded))
        return

    from grucli.cli.kit.interrupting import catch_signals
    from grucli.cli.views.training import open_view
    from grucli.runs import training
    from grucli.runs.origin import Origin

    with catch_signals() as stop, open_view(quiet=SCREEN.quiet, color=SCREEN.color) as show:
        events = training.train(
            loaded,
            run_dir=run_dir,
            resume=resume,
            overwrite=overwrite,
            device=device,
            threads=threads or "auto",
            stop=stop,
            origin=Origin.of(recipe, settings),
        )
        for event in events:
            show(event)
