"""How the weights of a run were learned: reading what training left beside the checkpoint."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.errors import CheckpointError
from grucli.results import (
    EpochLoss,
    MatrixRecord,
    MatrixSnapshot,
    MemoryRecord,
    Snapshot,
    WeightHistory,
    WeightRecord,
)
from grucli.weights.foreign import read_weights
from grucli.weights.learning import find_learning, learning_findings

_NAN = float("nan")


def read_history(checkpoint: str | Path) -> WeightHistory:
    """Read weights.jsonl and metrics.jsonl beside a checkpoint and say where learning happened.

    A last line that is being written by a training still under way is left out. Raises
    CheckpointError where a file is missing or another line is not what training writes.
    """
    file = read_weights(checkpoint)
    folder = Path(checkpoint).parent
    build = partial(_record, cell=file.modules[0].cell)  # a run has one stack
    records = tuple(_read(folder / "weights.jsonl", "WeightRecord", build))
    epochs = read_epochs(checkpoint)
    if not records:
        raise CheckpointError(f"{folder / 'weights.jsonl'}: no record yet; wait for the first step")
    recipe = file.recipe or {}
    model = recipe.get("model", {})
    found = find_learning(records)
    return WeightHistory(
        path=str(folder / "weights.jsonl"),
        name=str(recipe.get("name", "")),
        cell=", ".join(dict.fromkeys(module.cell for module in file.modules)),
        layer_norm=", ".join(dict.fromkeys(module.layer_norm for module in file.modules)),
        hidden=max((module.hidden for module in file.modules), default=0),
        init=model.get("init", {}),
        train=recipe.get("train", {}),
        records=records,
        epochs=epochs,
        learning=found,
        findings=learning_findings(records, found),
    )


def read_epochs(checkpoint: str | Path) -> tuple[EpochLoss, ...]:
    """Read the losses in metrics.jsonl beside a checkpoint. Raises CheckpointError."""
    return tuple(_read(Path(checkpoint).parent / "metrics.jsonl", "Epoch", _epoch))


def read_snapshots(checkpoint: str | Path) -> tuple[Snapshot, ...]:
    """Read snapshots.jsonl beside a checkpoint, the best weights last. Raises CheckpointError."""
    return tuple(_read(Path(checkpoint).parent / "snapshots.jsonl", "Snapshot", _snapshot))


def snapshot_values(snapshot: MatrixSnapshot) -> NDArray[np.float64]:
    """The values of a snapshot as an array of its grid."""
    flat = np.frombuffer(base64.b64decode(snapshot.values), dtype="<f2")
    return flat.astype(np.float64).reshape(snapshot.grid)


def _read(path: Path, kind: str, build: Any) -> Iterator[Any]:
    """The lines of one kind in a file of JSON lines."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read: {error.strerror}; expected the record that `grucli train` "
            "writes beside best.pt; train again to have it"
        ) from error
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = json.loads(line)
            if row["kind"] == kind:
                yield build(row)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}:{number}: {_fault(error)}; expected a line as `grucli train` writes it; "
                "the file was changed or damaged: train again to have it"
            ) from error


def _fault(error: Exception) -> str:
    """What is wrong with a line, in words."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON at column {error.colno}"
    if isinstance(error, KeyError):
        return f"no field {error.args[0]!r}"
    return "a field is missing, unknown or of another kind"


def _record(row: Mapping[str, Any], *, cell: str) -> WeightRecord:
    """Raises ValueError for a matrix that the cell has not."""
    body = {key: value for key, value in row.items() if key not in ("schema_version", "kind")}
    body["matrices"] = tuple(
        MatrixRecord(
            **matrix
            | MatrixAddress.parse(matrix["name"], cell).labels
            | {"norm": _number(matrix["norm"]), "quantiles": _numbers(matrix["quantiles"])}
        )
        for matrix in body["matrices"]
    )
    body["memories"] = tuple(
        MemoryRecord(**memory | {"quantiles": _numbers(memory["quantiles"])})
        for memory in body["memories"]
    )
    return WeightRecord(**body)


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    matrices = tuple(
        MatrixSnapshot(**m | {"shape": tuple(m["shape"]), "grid": tuple(m["grid"])})
        for m in row["matrices"]
    )
    return Snapshot(row["step"], row["epoch"], row["is_best"], matrices)


def _epoch(row: Mapping[str, Any]) -> EpochLoss:
    return EpochLoss(
        epoch=row["epoch"],
        step=row["step"],
        train_loss=_number(row["train_loss"]),
        valid_loss=_number(row["valid_loss"]),
        is_best=row["is_best"],
        clipped_share=row["clipped_share"],
    )


def _number(value: float | None) -> float:
    return _NAN if value is None else float(value)


def _numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(map(_number, values))
