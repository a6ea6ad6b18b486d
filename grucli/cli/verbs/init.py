"""``grucli init``."""

from pathlib import Path
from typing import Annotated

import typer

from grucli.cli.kit.options import SCREEN, Json, NoColor, Quiet, Verbose

_Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA|-]", help="Table, or a pattern in quotes for several files."),
]
_Example = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Write a shipped recipe and its table instead: co2, ..."),
]
_Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="RECIPE|-", help="File to write the recipe to."),
]
_Task = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="What to learn: forecast, classify, regress or label; by the column, or the table.",
    ),
]
_Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The column to learn: the target, or the label."),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")]


def init(
    data: _Data = None,
    output: _Output = None,
    task: _Task = None,
    target: _Target = None,
    example: _Example = None,
    overwrite: _Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Look at a table and write a commented recipe for it that trains as it is.

    What was seen of the table is told on standard error. The rules are in docs/init.md.

    Example: grucli init data/co2_weekly.csv -o co2.yaml
    Example: grucli init data/walks.csv --task label --target state -o walks.yaml
    """
    if data is None or example is not None:
        return _write_example(data, example, output, overwrite=overwrite, json=json)
    from grucli.cli.kit.console import talk, tell_notes, write_result
    from grucli.cli.views.draft import render_seen
    from grucli.results import to_json
    from grucli.runs import initiating, tables

    path = None if output in (None, "-") else str(output)
    if path is not None:
        initiating.check_output(path, data, overwrite=overwrite)
    folder = Path() if path is None else Path(path).parent
    draft = initiating.init(data, folder=folder, task=task, target=target)
    tell_notes(tables.folder_notes(data))
    if path is not None:
        initiating.write_recipe(draft, path)
    if not SCREEN.quiet:
        console = talk()
        console.print(render_seen(draft, path, console.width))
    if json:
        write_result(to_json(draft) + "\n")
    elif path is None:
        write_result(draft.recipe)
    return None


def _write_example(
    data: str | None, example: str | None, output: str | None, *, overwrite: bool, json: bool
) -> None:
    """Write the recipe and the table of an example, and say what can be done with them."""
    from grucli.cli.kit.console import talk, write_result
    from grucli.errors import UsageError
    from grucli.results import to_json
    from grucli.runs.examples import write_example

    if example is None or data is not None:
        raise UsageError("init: expected a table or --example NAME, and not both")
    written = write_example(example, output, overwrite=overwrite)
    if json:
        write_result(to_json(written) + "\n")
    if not SCREEN.quiet:
        words = f"wrote {written.recipe} and {written.table}; grucli train {written.recipe}"
        talk().print(words, markup=False, highlight=False, soft_wrap=True)
