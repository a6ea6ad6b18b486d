"""``grucli train``."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from grucli.cli.options import SCREEN, Device, NoColor, Quiet, Threads, Verbose


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A YAML recipe.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key, as train.lr=3e-3."),
    ] = None,
    run_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Run folder; default runs/NAME.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from DIR/last.pt.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run's files.")
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
        from grucli.cli.console import write_result

        write_result(dump_recipe(loaded))
        return

    from grucli.cli.training_view import open_view
    from grucli.runs import training
    from grucli.runs.origin import Origin

    with _catch_signals() as stop, open_view(quiet=SCREEN.quiet, color=SCREEN.color) as show:
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


class _Stop:
    """Remembers the first signal; a second one of the same kind ends the process at once."""

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def __call__(self) -> int | None:
        return self.signal_number

    def catch(self, number: int, _frame: FrameType | None) -> None:
        self.signal_number = number
        signal.signal(number, signal.SIG_DFL)
        if sys.stderr is not None:
            sys.stderr.write("\nstopping after this step; the state is being saved ...\n")


@contextmanager
def _catch_signals() -> Iterator[_Stop]:
    """Turn SIGINT, SIGTERM and SIGHUP into a question that training asks between two steps.

    Signals that the caller ignores (nohup, a background job) stay ignored.
    """
    stop = _Stop()
    before = {
        number: signal.signal(number, stop.catch)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
