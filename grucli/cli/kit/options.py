"""Options that several verbs share, and what they set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from grucli.cli.kit.completing import complete_override


@dataclass
class Screen:
    """How this process talks to people; set once by the options of the verb.

    ``json`` says whether a document was asked for, ``has_result`` whether something went to
    standard output.
    """

    quiet: bool = False
    verbose: bool = False
    color: bool = True
    json: bool = False
    has_result: bool = False


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
    bool,
    typer.Option("--quiet", "-q", callback=_quiet, help="Print results and errors only."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", callback=_verbose, help="Print a traceback when something breaks."
    ),
]
NoColor = Annotated[
    bool,
    typer.Option("--no-color", callback=_no_color, help="Print without colours, as NO_COLOR does."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, also of an error.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(help="Device to compute on; auto is the faster one, by a batch on each."),
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="CPU threads (default: the number of cores)."),
]
MeasuredThreads = Annotated[
    int | None, typer.Option(min=1, help="CPU threads (default: measured).")
]
RecipeFile = Annotated[str, typer.Argument(metavar="RECIPE", help="YAML recipe.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=complete_override,
        help="Change a key, such as train.lr=3e-3.",
    ),
]
Checkpoint = Annotated[
    str, typer.Argument(metavar="CKPT", help="Checkpoint or run folder, such as runs/co2.")
]
Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA|-]", help="CSV table; - is stdin (default: the recipe's)."),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Draw the result into FILE.png, .svg or .html too."
    ),
]
Layers = Annotated[
    list[str],
    typer.Option(
        "--layer", metavar="NAME", help="Show this layer only: 0, 1; 0r is the reverse direction."
    ),
]
Gates = Annotated[
    list[str], typer.Option("--gate", metavar="NAME", help="Show this gate only: update or z.")
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
        "--level",
        metavar="PERCENT",
        callback=_levels,
        help="Give intervals of this level, such as 80.",
    ),
]
FailIf = Annotated[
    list[str],
    typer.Option(
        "--fail-if",
        metavar="EXPR",
        callback=_fail_if,
        help="Exit with code 6 if this condition is met: NAME>NUMBER, also < <= >= == !=.",
    ),
]
