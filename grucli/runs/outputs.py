"""Files that a verb writes are never those that it reads, nor those that a run is made of."""

from collections.abc import Mapping
from pathlib import Path

from grucli.checkpoint import load_checkpoint
from grucli.errors import UsageError
from grucli.files import check_place, same_file
from grucli.places import is_file, is_folder
from grucli.runs.checkpoints import checkpoint_in
from grucli.runs.folder import RunFolder
from grucli.runs.opened import recipe_of
from grucli.runs.run_files import FILES
from grucli.runs.tables import table_files

Outputs = Mapping[str, str | Path | None]
OTHER_KINDS = frozenset(
    {".arrow", ".feather", ".json", ".jsonl", ".ods", ".parquet", ".xls", ".xlsx"}
    | {".bz2", ".gz", ".xz", ".zip", ".zst"}
)
"""Endings of tables, and of packed ones, that would not hold what their name says."""


def check_outputs(outputs: Outputs, *checkpoints: str | None) -> None:
    """Raise UsageError where an output is a checkpoint that is read or a file of its run, and
    GrucliError where it cannot be written, before there is anything to write.

    ``outputs`` maps options to paths; None and ``-`` are no files. The page about a run may be
    written over.
    """
    for output in outputs.values():
        if output is not None and str(output) != "-":
            check_place(output)
    refuse_checkpoints(outputs, *checkpoints)


def refuse_checkpoints(outputs: Outputs, *checkpoints: str | None) -> None:
    """Raise the UsageError of ``check_outputs``."""
    for checkpoint in filter(None, checkpoints):
        _refuse(outputs, "the checkpoint that is read", checkpoint)
        place = Path(checkpoint)
        folder = RunFolder(place if is_folder(place) else place.parent)
        for name in FILES:
            if folder.path / name != folder.report:
                _refuse(outputs, f"{name} of this run", folder.path / name)


def check_table_outputs(
    outputs: Outputs, checkpoint: str, data: str | None = None, *, future: str | None = None
) -> None:
    """The same, and where an output is the table: ``data``, or the one of the recipe if None.

    ``future`` is the table of what is known in advance.
    """
    check_outputs(outputs, checkpoint)
    if future == "-" and data == "-":
        raise UsageError("--future -: standard input is DATA already; expected a file")
    if future is not None:
        _refuse(outputs, "the table of the future that is read", future)
    if any(_is_file(path) for path in outputs.values()):
        recipe = recipe_of(load_checkpoint(checkpoint_in(checkpoint)), checkpoint)
        for table in [data] if data else table_files(recipe.data):
            _refuse(outputs, "the table that is read", "/dev/stdin" if table == "-" else table)


def check_csv_output(
    output: str,
    checkpoint: str,
    data: str | None,
    *,
    plot: Path | None = None,
    future: str | None = None,
    json: bool = False,
) -> None:
    """As ``check_table_outputs``, of --output and --plot; and that --output is named for a CSV."""
    check_table_outputs({"--output": output, "--plot": plot}, checkpoint, data, future=future)
    check_written_as_csv("--output", output, json=json)


def check_written_as_csv(option: str, output: str | Path, *, json: bool = False) -> None:
    """Raise UsageError for the name of another kind of table; with ``json`` .json is none."""
    ending = Path(output).suffix.lower()
    if ending in OTHER_KINDS and not (json and ending == ".json"):
        or_json = ", or .json with --json" if option == "--output" else ""
        raise UsageError(
            f"{option} {output}: is written as plain CSV; expected a name in .csv{or_json}"
        )


def _refuse(outputs: Outputs, what: str, path: str | Path) -> None:
    for option, output in outputs.items():
        if output is not None and _is_file(output) and same_file(output, path):
            raise UsageError(
                f"{option} {output}: is {what}, which would be lost; choose another name"
            )


def _is_file(output: str | Path | None) -> bool:
    """Whether something would be written over; a device is written into."""
    return output is not None and str(output) != "-" and is_file(output)
