"""Lines of JSON that training left beside a checkpoint, each as a value of ``grucli.results``.

A file may be torn, of another run, or changed: every line has to be what training writes.
"""

import base64
import binascii
import json
import math
from collections.abc import Container, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.errors import CheckpointError
from grucli.forms import faults_of, form_of_class, written_fields
from grucli.results import (
    EpochLoss,
    MatrixSnapshot,
    Snapshot,
    WeightRecord,
    without_old_keys,
)
from grucli.weights.stacks import WeightFile

T = TypeVar("T")

_ENVELOPE = ("schema_version", "kind")
_QUANTILES = 5


def read_epochs(folder: Path) -> tuple[EpochLoss, ...]:
    """The losses in metrics.jsonl. Raises CheckpointError."""
    names = {item.name for item in written_fields(EpochLoss)}
    return tuple(
        _built(EpochLoss, {name: row[name] for name in names & row.keys()}, where)
        for where, row in _rows(folder / "metrics.jsonl", "Epoch")
    )


def read_records(folder: Path, file: WeightFile) -> tuple[WeightRecord, ...]:
    """The records in weights.jsonl, beside a checkpoint of this run. Raises CheckpointError."""
    records: list[WeightRecord] = []
    cell, known = file.modules[0].cell, _shapes(file)  # a run has one stack
    for where, row in _rows(folder / "weights.jsonl", "WeightRecord"):
        record: WeightRecord = _built(WeightRecord, row, where, cell=cell)
        _check_record(record, records, where)
        _check_names([matrix.name for matrix in record.matrices], known, where)
        records.append(record)
    return tuple(records)


def read_snapshots(folder: Path, file: WeightFile) -> tuple[Snapshot, ...]:
    """The snapshots in snapshots.jsonl, the best weights last. Raises CheckpointError."""
    snapshots: list[Snapshot] = []
    known = _shapes(file)
    for where, row in _rows(folder / "snapshots.jsonl", "Snapshot"):
        snapshot: Snapshot = _built(Snapshot, row, where)
        first = snapshots[0] if snapshots else snapshot
        if [(m.name, m.shape, m.grid) for m in snapshot.matrices] != [
            (m.name, m.shape, m.grid) for m in first.matrices
        ]:
            raise _foreign(where, "other matrices than in the first line")
        _check_names([matrix.name for matrix in snapshot.matrices], known, where)
        for matrix in snapshot.matrices:
            if matrix.shape != known[matrix.name]:
                raise _foreign(where, f"{matrix.name} has another shape than in the checkpoint")
            if _values(matrix) is None:
                raise _foreign(where, f"the values of {matrix.name} do not fill its grid")
        snapshots.append(snapshot)
    return tuple(snapshots)


def snapshot_values(snapshot: MatrixSnapshot) -> NDArray[np.float64]:
    """The values of a snapshot that ``read_snapshots`` gave, as an array of its grid."""
    values = _values(snapshot)
    assert values is not None
    return values


def _values(snapshot: MatrixSnapshot) -> NDArray[np.float64] | None:
    try:
        raw = base64.b64decode(snapshot.values, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not all(snapshot.grid) or len(raw) != 2 * math.prod(snapshot.grid):
        return None
    return np.frombuffer(raw, dtype="<f2").astype(np.float64).reshape(snapshot.grid)


def _shapes(file: WeightFile) -> dict[str, tuple[int, ...]]:
    return {
        name.long: values.shape for module in file.modules for name, values in module.matrices()
    }


def _check_names(names: list[str], known: Container[str], where: str) -> None:
    """Raise CheckpointError for a matrix that the checkpoint has not, and for one named twice."""
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names):
        found = f"matrix {unknown[0]!r}, which the checkpoint has not" if unknown else "one twice"
        raise _foreign(where, found)


def _check_record(record: WeightRecord, before: list[WeightRecord], where: str) -> None:
    """Raise CheckpointError where a record does not go on from those before it."""
    if before and record.step <= before[-1].step:
        raise _foreign(where, f"step {record.step} after step {before[-1].step}")
    names = [matrix.name for matrix in record.matrices]
    if before and names != [matrix.name for matrix in before[0].matrices]:
        raise _foreign(where, "other matrices than in the first line")
    spreads = [matrix.quantiles for matrix in record.matrices if matrix.quantiles]
    spreads += [memory.quantiles for memory in record.time_constants]
    if any(len(quantiles) != _QUANTILES for quantiles in spreads):
        raise _foreign(where, f"quantiles that are not {_QUANTILES} numbers")


def _rows(path: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of one kind, each with its place; a last line without an end is left out."""
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "no regular file" if path.exists() else "no such file")
        lines = path.read_bytes().split(b"\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(
            f"{path}: cannot be read: {reason}; expected the record that `grucli train` "
            "writes beside best.pt; train again to have it"
        ) from error
    for number, line in enumerate(lines[:-1], start=1):
        where = f"{path}:{number}"
        row = _parsed(line, where)
        if row["kind"] == kind:
            yield where, {name: value for name, value in row.items() if name not in _ENVELOPE}


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise _foreign(where, f"not JSON at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise _foreign(where, "not JSON") from None
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        raise _foreign(where, "no field 'kind'")
    return row


def _built(kind: type[T], row: Mapping[str, Any], where: str, **more: Any) -> Any:
    """A value of a class of results. Raises CheckpointError where the line is none."""
    row = _renamed(kind, row)
    faults = faults_of(form_of_class(kind), row)
    if faults:
        raise _foreign(where, faults[0])
    try:
        return _value(kind, row, more)
    except ValueError as error:
        raise _foreign(where, str(error)) from None


def _renamed(kind: type, row: Mapping[str, Any]) -> dict[str, Any]:
    """A line under the names of today, also in the values of classes that it lists."""
    hints = get_type_hints(kind)
    renamed = without_old_keys(kind, row)
    for name, values in renamed.items():
        inner = [part for part in get_args(hints.get(name)) if is_dataclass(part)]
        if inner and isinstance(values, list):
            renamed[name] = [
                _renamed(inner[0], item) if isinstance(item, dict) else item  # type: ignore[arg-type]
                for item in values
            ]
    return renamed


def _value(kind: type, row: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    """Build a value from the inside; a matrix result says which ``cell`` its matrix is of."""
    hints = get_type_hints(kind)
    built = {name: _of_hint(hints[name], value, more) for name, value in row.items()}
    if "cell" in hints and "name" in row:
        built |= MatrixAddress.parse(row["name"], more["cell"]).labels
    return kind(**built)


def _of_hint(hint: Any, value: Any, more: Mapping[str, Any]) -> Any:
    if get_origin(hint) is tuple:
        return tuple(_of_hint(get_args(hint)[0], item, more) for item in value)
    if hint is float:
        return math.nan if value is None else float(value)
    return _value(hint, value, more) if is_dataclass(hint) else value  # type: ignore[arg-type]


def _foreign(where: str, found: str) -> CheckpointError:
    return CheckpointError(
        f"{where}: {found}; expected a line as `grucli train` writes it; the file was changed or "
        "damaged: train again to have it"
    )
