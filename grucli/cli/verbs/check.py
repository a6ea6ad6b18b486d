"""``grucli check``."""

from grucli.cli.kit.options import (
    Device,
    Json,
    NoColor,
    Overrides,
    Quiet,
    RecipeFile,
    Threads,
    Verbose,
)


def check(
    recipe: RecipeFile,
    overrides: Overrides = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Check all that train would refuse, and say what it would cost, without training.

    Reads the table, cuts it, makes the model, and runs one batch forward and backward.

    Example: grucli check recipes/co2.yaml
    """
    from grucli.cli.kit.console import show
    from grucli.cli.views.recipe_check import render_check
    from grucli.recipe import load_recipe
    from grucli.runs import checking

    loaded = load_recipe(recipe, overrides or [])
    found = checking.check(loaded, device=device, threads=threads)
    show(found, json=json, render=lambda width: render_check(found, width))
