"""The options of inspect-weights alone."""

from typing import Annotated

import typer

from grucli.cells.naming import Naming

Other = Annotated[
    str | None, typer.Argument(metavar="[OTHER]", help="A second one, to compare with.")
]
Sort = Annotated[
    str | None,
    typer.Option(metavar="STATISTIC", help="Largest first, by a statistic's name in --json."),
]
Names = Annotated[Naming, typer.Option(help="How matrices are called on screen.")]
Matrix = Annotated[
    str | None, typer.Option(metavar="NAME", help="One matrix alone: W_hz or 0.update.hh.")
]
Unit = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Show one unit of a layer: what it reads, what reads it, what it does on data.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="OUT|-", help="Write --matrix as .csv or .npy."),
]
History = Annotated[
    bool, typer.Option("--history", help="How the weights were learned, phase by phase.")
]
Layout = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Whose a foreign file is: haste, keras ... or sum_joint."),
]
All = Annotated[bool, typer.Option("--all", help="Show every statistic, a table for each topic.")]
Exact = Annotated[bool, typer.Option("--exact", help="No fast approximations for large matrices.")]
