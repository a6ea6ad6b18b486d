"""The options of inspect-weights alone."""

from typing import Annotated

import typer

from grucli.cells.naming import Naming

Other = Annotated[
    str | None, typer.Argument(metavar="[OTHER]", help="A second checkpoint to compare with.")
]
Sort = Annotated[
    str | None,
    typer.Option(
        metavar="STATISTIC", help="Sort by a statistic, largest first; its name as in --json."
    ),
]
Names = Annotated[Naming, typer.Option(help="Name matrices by symbols, or as torch or Keras do.")]
Matrix = Annotated[
    str | None, typer.Option(metavar="NAME", help="Show one matrix: W_hz or 0.update.hh.")
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
    bool, typer.Option("--history", help="Show how the weights were learned, phase by phase.")
]
Member = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Look at model N of train.seeds (default: the first)."),
]
Layout = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Read a foreign file as haste, keras ... or sum_joint."),
]
All = Annotated[bool, typer.Option("--all", help="Show every statistic, a table for each topic.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Compute large matrices exactly, without estimates.")
]
