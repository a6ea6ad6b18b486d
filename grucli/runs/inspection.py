"""Look into a checkpoint; imports no torch, so that it starts at once."""

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from grucli.cells.layouts import parse_layout
from grucli.errors import CheckpointError, UsageError
from grucli.files import write_atomically
from grucli.results import (
    MatrixValues,
    WeightComparison,
    WeightHistory,
    WeightPictures,
    WeightReport,
)
from grucli.runs.checkpoints import checkpoint_in
from grucli.weights import (
    NeedsNoLayoutError,
    OneModelError,
    WeightFile,
    build_weight_report,
    compare_weights,
    comparison_numbers,
    long_names,
    picture_weights,
    read_history,
    read_movement,
    read_weights,
    report_numbers,
    select_matrix,
)


def inspect_weights(
    path: str | Path,
    *,
    exact: bool = False,
    layout: str | None = None,
    member: int | None = None,
) -> WeightReport:
    """What every matrix of a checkpoint looks like, our own or a foreign one.

    Large matrices are measured by faster, approximate methods unless ``exact``. ``layout`` says how
    a foreign file keeps its weights, such as haste, or which layer normalisation they are of, such
    as sum_joint,eps=1e-5, ``member`` which of the models of ``train.seeds`` is meant, from 1
    (default: the first). Where the record of a run lies beside its checkpoint, the report says how
    far its matrices moved.
    """
    file = read_file(path, layout, member)
    report = replace(build_weight_report(file, exact=exact), layout=layout, member=member)
    try:
        return replace(report, movement=read_movement(file))
    except CheckpointError as error:
        return replace(report, notes=(*report.notes, f"No way from the start: {error}"))


def read_file(path: str | Path, layout: str | None, member: int | None = None) -> WeightFile:
    """One file, or the one of a run folder.

    Raises UsageError for a layout or a model that there is not, or that the file needs not.
    """
    path = checkpoint_in(path)
    if layout is None:
        return read_weights(path, member=member)
    try:
        named = parse_layout(layout)
    except ValueError as error:
        raise UsageError(f"--layout: {error}") from None
    return read_weights(path, named, member=member)


def _read_both(
    before: str | Path, after: str | Path, layout: str | None, member: int | None
) -> list[WeightFile]:
    """Two files, of which one at least needs the layout, and holds the model, that is named."""
    refusals: list[UsageError] = []
    files = [_read_fitting(path, layout, member, refusals) for path in (before, after)]
    for kind in (NeedsNoLayoutError, OneModelError):
        of_kind = [refusal for refusal in refusals if isinstance(refusal, kind)]
        if len(of_kind) == len(files):
            raise of_kind[0]
    return files


def _read_fitting(
    path: str | Path, layout: str | None, member: int | None, refusals: list[UsageError]
) -> WeightFile:
    """A file read without what it has no use for, which is added to ``refusals``."""
    try:
        return read_file(path, layout, member)
    except NeedsNoLayoutError as refusal:
        refusals.append(refusal)
        return _read_fitting(path, None, member, refusals)
    except OneModelError as refusal:
        refusals.append(refusal)
        return _read_fitting(path, layout, None, refusals)


def numbers(
    found: WeightReport | WeightComparison,
) -> tuple[dict[str, float | None], dict[str, str]]:
    """For ``--fail-if``: numbers by name, and other names of theirs by matrix address."""
    if isinstance(found, WeightReport):
        return report_numbers(found), long_names(found)
    return comparison_numbers(found), long_names(found)


def check_finite(report: WeightReport) -> None:
    """Raise CheckpointError naming every matrix that holds a NaN or an infinity."""
    problems = [
        f"{report.path}: {matrix.name} ({matrix.symbol}): {matrix.not_finite} entries are not "
        "finite; expected numbers; use an earlier checkpoint"
        for matrix in report.matrices
        if matrix.not_finite
    ]
    if problems:
        raise CheckpointError(*problems)


def check_finite_change(comparison: WeightComparison) -> None:
    """Raise CheckpointError naming every matrix of either file that holds no finite numbers."""
    problems = [
        f"{path}: {change.name} ({change.symbol}): entries are not finite; expected numbers; use "
        "an earlier checkpoint"
        for path, side in ((comparison.path_before, "before"), (comparison.path_after, "after"))
        for change in comparison.changes
        if not math.isfinite(getattr(change, f"frobenius_norm_{side}"))
    ]
    if problems:
        raise CheckpointError(*problems)


def compare(
    before: str | Path,
    after: str | Path,
    *,
    layout: str | None = None,
    member: int | None = None,
) -> WeightComparison:
    """How the matrices, recipes and scalers of two checkpoints differ.

    ``layout`` and ``member`` are as in ``inspect_weights``, for each of the two that needs them.
    """
    return compare_weights(*_read_both(before, after, layout, member))


def picture(
    path: str | Path, *, layout: str | None = None, member: int | None = None
) -> WeightPictures:
    """Every matrix of a checkpoint and its singular values, small enough to draw."""
    return picture_weights([read_file(path, layout, member)], ["now"])


def picture_change(
    before: str | Path,
    after: str | Path,
    *,
    layout: str | None = None,
    member: int | None = None,
) -> WeightPictures:
    """The matrices that two checkpoints share. Raises CheckpointError where they share none."""
    pictures = picture_weights(_read_both(before, after, layout, member), ["A", "B"])
    if not pictures.matrices:
        raise CheckpointError(
            f"{before} and {after}: no matrix of one name and shape in both; expected two "
            "checkpoints of one model to draw beside each other"
        )
    return pictures


def history(path: str | Path, *, member: int | None = None) -> WeightHistory:
    """How the weights of the run that a checkpoint lies in were learned."""
    return read_history(checkpoint_in(path), member=member)


def pick_matrix(
    path: str | Path, address: str, *, layout: str | None = None, member: int | None = None
) -> MatrixValues:
    """One matrix by its address, such as 0.update.hh or W_hz."""
    return select_matrix(read_file(path, layout, member), address)


def matrix_csv(matrix: MatrixValues) -> str:
    """A matrix as CSV: the names of its columns first, each row after the name of its unit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([matrix.name, *matrix.columns])
    for name, row in zip(matrix.rows, matrix.values, strict=True):
        writer.writerow([name, *(repr(value) for value in row)])
    return text.getvalue()


def write_matrix(matrix: MatrixValues, path: Path) -> None:
    """Write a matrix as .csv with names or as a bare .npy array."""
    ending = path.suffix.lower()
    if ending == ".csv":
        write_atomically(path, matrix_csv(matrix).encode())
    elif ending == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, np.array(matrix.values))
        write_atomically(path, buffer.getvalue())
    else:
        raise UsageError(f"--output {path}: ends in {path.suffix!r}; expected .csv or .npy")
