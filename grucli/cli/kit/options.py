"""Options that several verbs share, and what they set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer


@dataclass
class Screen:
    """How this process talks to people; set once by the options of the verb."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True


SCREEN = Screen()


def _quiet(value: bool) -> bool:
    SCREEN.quiet = value
    return value


def _verbose(value: bool) -> bool:
    SCREEN.verbose = value
    return value


def _no_color(value: bool) -> bool:
    SCREEN.color = not value
    return value


def _fail_if(value: list[str]) -> list[str]:
    """Refuse what is no comparison before anything is read."""
    if value:
        from grucli.cli.kit.checks import check_syntax

        check_syntax(value)
    return value


Quiet = Annotated[
    bool, typer.Option("--quiet", callback=_quiet, help="Only results and errors; no progress.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", callback=_verbose, help="A traceback when something breaks.")
]
NoColor = Annotated[
    bool, typer.Option("--no-color", callback=_no_color, help="No colours (as with NO_COLOR).")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute; auto takes cuda if seen.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, help="Threads for computing; if not given, training measures what is fastest."
    ),
]
RecipeFile = Annotated[str, typer.Argument(metavar="RECIPE", help="A YAML recipe.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key, as train.lr=3e-3."),
]
Checkpoint = Annotated[
    str, typer.Argument(metavar="CKPT", help="A checkpoint, such as runs/co2/best.pt.")
]
Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA|-]", help="A CSV table; - is stdin; default: the recipe's own."),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Also draw it into FILE.png, .svg or .html."),
]
Layers = Annotated[
    list[str],
    typer.Option(
        "--layer", metavar="NAME", help="Only this layer: 0, 1; 0r is the reverse direction."
    ),
]
Gates = Annotated[
    list[str], typer.Option("--gate", metavar="NAME", help="Only this gate: update or z.")
]


def _levels(value: list[float]) -> list[float]:
    """Refuse what is no level in per cent."""
    from grucli.errors import UsageError

    for level in value:
        if not 1 <= level <= 99.5:
            raise UsageError(f"--level {level:g}: expected per cent, from 1 to 99.5, such as 80")
    return value


Anomaly = Annotated[
    bool, typer.Option("--anomaly", help="Score each row of DATA by its error one step ahead.")
]
Levels = Annotated[
    list[float],
    typer.Option(
        "--level", metavar="PERCENT", callback=_levels, help="Intervals of this level, such as 80."
    ),
]
FailIf = Annotated[
    list[str],
    typer.Option(
        "--fail-if",
        metavar="EXPR",
        callback=_fail_if,
        help="Exit 6 when true: NAME>NUMBER, or with < <= >= == !=.",
    ),
]
