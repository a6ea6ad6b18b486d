"""The way from the initialisation to the weights of a checkpoint, by the record of its run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress, Place
from grucli.results import MatrixMovement, MemoryRecord, Movement, Snapshot, WeightRecord
from grucli.weights.compare import cosine_similarity
from grucli.weights.learning import SETTLED, matrix_of
from grucli.weights.lines import read_records, read_snapshots, snapshot_values
from grucli.weights.pictures import matrices_by_address
from grucli.weights.stacks import WeightFile
from grucli.weights.statistics import elements

RECORDS, SNAPSHOTS = "weights.jsonl", "snapshots.jsonl"
_SAME_NORM, _SAME_ENTRY = 1e-5, 2e-3
"""How well a norm and, beside the largest entry, an entry in float16 have to agree."""

Matrices = dict[str, tuple[MatrixAddress, NDArray[Any]]]


def read_movement(file: WeightFile) -> Movement | None:
    """How far the matrices of a checkpoint moved; None where no record beside it is of its weights.

    Raises CheckpointError for a record that is damaged.
    """
    folder = file.folder
    if file.recipe is None or len(file.modules) != 1 or not (folder / RECORDS).is_file():
        return None
    matrices = {name.long: (name, values) for name, values in matrices_by_address(file).values()}
    records = read_records(folder, file)
    has_pictures = (folder / SNAPSHOTS).is_file()
    snapshots = read_snapshots(folder, file) if has_pictures else ()
    moment = _moment(matrices, records, snapshots)
    if moment is None:
        return None
    before = [record for record in records if record.step <= moment.step]
    start = snapshots[0] if snapshots and snapshots[0].step == 0 else None
    return Movement(
        step=moment.step,
        epoch=moment.epoch,
        steps=records[-1].step,
        epochs=records[-1].epoch,
        matrices=tuple(
            _movement(name, values, before=before, start=start, moment=moment)
            for name, values in matrices.values()
        ),
        time_constants_at_initialisation={
            _bias_name(m, file): m.quantiles[2] for m in before[0].time_constants
        },
    )


def _bias_name(memory: MemoryRecord, file: WeightFile) -> str:
    place = Place(memory.layer, memory.direction == "reverse")
    return MatrixAddress(file.modules[0].cell, place, memory.gate, "bias_sum").long


def _moment(
    matrices: Matrices, records: Sequence[WeightRecord], snapshots: Sequence[Snapshot]
) -> WeightRecord | Snapshot | None:
    """The record or the picture of these very weights, the latest where several are."""
    for record in reversed(records):
        if _is_recorded(matrices, record):
            return record
    for snapshot in reversed(snapshots):
        if _is_pictured(matrices, snapshot):
            return snapshot
    return None


def _is_recorded(matrices: Matrices, record: WeightRecord) -> bool:
    norms = {matrix.name: matrix.frobenius_norm for matrix in record.matrices}
    return all(
        abs(elements.norm(values.astype(np.float64).ravel()) - norms[name])
        <= _SAME_NORM * norms[name]
        for name, (_, values) in matrices.items()
    )


def _is_pictured(matrices: Matrices, snapshot: Snapshot) -> bool:
    for kept in snapshot.matrices:
        values, shown = matrices[kept.name][1].astype(np.float64), snapshot_values(kept)
        if shown.shape != values.shape:
            values = _sketched(values, kept.grid)
        limit = _SAME_ENTRY * np.abs(values).max(initial=0.0)
        if values.shape != shown.shape or not (np.abs(values - shown) <= limit).all():
            return False
    return True


def _sketched(values: NDArray[np.float64], grid: tuple[int, int]) -> NDArray[np.float64]:
    """The means of blocks that a snapshot of a large matrix has; neighbours may share a line."""
    for axis, count in enumerate(grid):
        size = values.shape[axis]
        blocks = [slice(at * size // count, -(-(at + 1) * size // count)) for at in range(count)]
        lines = np.moveaxis(values, axis, 0)
        values = np.moveaxis(np.stack([lines[block].mean(0) for block in blocks]), 0, axis)
    return values


def _movement(
    name: MatrixAddress,
    values: NDArray[Any],
    *,
    before: Sequence[WeightRecord],
    start: Snapshot | None,
    moment: WeightRecord | Snapshot,
) -> MatrixMovement:
    first, last = matrix_of(before[0], name.long), matrix_of(before[-1], name.long)
    distance = _from_picture(name.long, values, start)
    if distance is None and before[-1].step == moment.step:
        distance = last.cosine_distance_from_initialisation
    return MatrixMovement(
        **name.labels,
        frobenius_norm_at_initialisation=first.frobenius_norm,
        spectral_norm_at_initialisation=first.spectral_norm,
        cosine_distance_from_initialisation=distance,
        settled_epoch=None if distance is None else _settled(name.long, before, distance),
    )


def _from_picture(name: str, values: NDArray[Any], start: Snapshot | None) -> float | None:
    """The cosine distance from the first picture, where that has the whole matrix."""
    kept = next((m for m in start.matrices if m.name == name), None) if start else None
    if kept is None or kept.grid != kept.shape:
        return None
    then, now = snapshot_values(kept), values.astype(np.float64)
    norms = elements.norm(then.ravel()) * elements.norm(now.ravel())
    return max(1 - cosine_similarity(float(np.sum(then * now)), norms), 0.0)


def _settled(name: str, records: Sequence[WeightRecord], distance: float) -> int | None:
    """The epoch from whose record on so much of the distance was reached; None for the last."""
    turns = [
        matrix_of(record, name).cosine_distance_from_initialisation or 0.0 for record in records
    ]
    reached = [turn >= SETTLED * distance for turn in turns]
    if distance <= 0 or not reached[-1]:
        return None
    first = len(reached) - 1
    while first > 0 and reached[first - 1]:
        first -= 1
    return records[first].epoch if first < len(reached) - 1 else None
