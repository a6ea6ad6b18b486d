"""How weights were learned: records taken during training, pictures for a film, and what they say.

``weights.jsonl`` holds one ``WeightRecord`` a line, ``snapshots.jsonl`` one ``Snapshot`` a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grucli.results.matrices import MatrixResult
from grucli.results.rows import Recorded, row
from grucli.results.weights import Finding


@dataclass(frozen=True)
class MatrixRecord(MatrixResult):
    """One gate's matrix, bias or gain after one optimiser step; None where not defined.

    ``gradient_norm`` is the Frobenius norm of its gradient before clipping; ``update_ratio`` that
    of the change that the step applied, over the norm before it.
    ``cosine_distance_from_initialisation`` and ``cosine_distance_from_last_record`` are 1 - cos of
    the angle between the weights now and then: 0 unchanged, 1 a right angle. ``spectral_norm``
    and, of square hidden-to-hidden matrices, ``spectral_radius`` are estimates by subspace
    iteration. ``quantiles`` of biases and gains are the minimum, the quartiles and the maximum.
    """

    frobenius_norm: float = row(Recorded("size", "Frobenius norm"))
    gradient_norm: float | None = row(
        Recorded("gradient", "gradient norm before clipping", "gradient norm", is_wide=True)
    )
    update_ratio: float | None = row(
        Recorded(
            "update ratio",
            "norm of update / norm of weights",
            "update / weight norm",
            is_wide=True,
        )
    )
    cosine_distance_from_initialisation: float | None = row(
        Recorded("cosine distance from initialisation", "1 − cosine", "cosine distance")
    )
    cosine_distance_from_last_record: float | None = row(
        Recorded("cosine distance from the last record")
    )
    spectral_norm: float | None = row(
        Recorded("spectral norm", "largest singular value", "spectral norm")
    )
    spectral_radius: float | None = row(Recorded("spectral radius", "largest |eigenvalue|"))
    quantiles: tuple[float, ...] = row(Recorded("quantiles"))


@dataclass(frozen=True)
class MemoryRecord:
    """Time constants in steps that the bias of the keeping gate alone sets, over a layer's units.

    ``quantiles`` are the minimum, the quartiles and the maximum of tau = -1 / ln(sigmoid(b)).
    """

    layer: int
    direction: str
    gate: str
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class WeightRecord:
    """All recurrent weights after optimiser step ``step``; step 0 is the initialisation.

    ``loss`` is the training loss of that step's batch before the step, in scaled units;
    ``clipped_share`` the share of clipped steps in the epoch so far. Step 0 has neither, nor has
    the record that ``is_end``: the weights that training ended with, where the last step was no
    step to be recorded.
    """

    step: int
    epoch: int
    loss: float | None
    lr: float | None
    clipped_share: float | None
    matrices: tuple[MatrixRecord, ...]
    time_constants: tuple[MemoryRecord, ...]
    is_end: bool = False


@dataclass(frozen=True)
class MatrixSnapshot:
    """A matrix itself, or the means of blocks of a large one.

    ``shape`` is that of the matrix, ``grid`` that of the values kept: the same up to 64 x 64, else
    at most 32 on each side. ``values`` is base64 of little-endian float16, row by row.
    """

    symbol: str
    name: str
    shape: tuple[int, int]
    grid: tuple[int, int]
    values: str


@dataclass(frozen=True)
class Snapshot:
    """Every recurrent matrix after one step; ``is_best`` marks the weights that best.pt holds."""

    step: int
    epoch: int
    is_best: bool
    matrices: tuple[MatrixSnapshot, ...]


@dataclass(frozen=True)
class EpochLoss:
    """The losses of one epoch, in scaled units, and the share of its steps that were clipped."""

    epoch: int
    step: int
    train_loss: float
    valid_loss: float
    is_best: bool
    clipped_share: float


@dataclass(frozen=True)
class MatrixLearning(MatrixResult):
    """How one matrix came to be what it is.

    ``cosine_distance_from_initialisation`` is that of the last record; ``settled_step`` and
    ``settled_epoch`` the first record from which on it was at least 90 % of that;
    ``small_gradient_share`` the share of steps in which its gradient was below 1 % of the largest
    matrix's gradient.
    """

    cosine_distance_from_initialisation: float | None
    settled_step: int | None
    settled_epoch: int | None
    small_gradient_share: float


@dataclass(frozen=True)
class WeightHistory:
    """The record of a run, what it was trained with, and where learning happened.

    ``init`` and ``train`` are those parts of the recipe, empty where the checkpoint has none.
    ``member`` and ``members`` are as in ``TraceReport``.
    """

    path: str
    name: str
    cell: str
    layer_norm: str
    hidden: int
    init: Mapping[str, Any]
    train: Mapping[str, Any]
    records: tuple[WeightRecord, ...]
    epochs: tuple[EpochLoss, ...]
    learning: tuple[MatrixLearning, ...]
    findings: tuple[Finding, ...] = field(default=())
    member: int | None = None
    members: int = 1
