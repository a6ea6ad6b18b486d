"""What comes out of a run: frozen, JSON-able values that a screen can draw without torch.

Every class here is plain data; ``to_json`` turns any of them into one strict JSON document.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, SupportsFloat

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class GateUpdate:
    """How one matrix was moved by one optimiser step.

    ``gradient_norm`` is the Frobenius norm of its gradient before clipping, ``update_ratio`` the
    norm of the change that was applied over the norm of the matrix (about 1e-3 is healthy).
    """

    matrix: str
    layer: int
    direction: str
    gate: str
    gradient_norm: float
    update_ratio: float


@dataclass(frozen=True)
class TrainingStarted:
    """What is about to be trained, on what, and where it will be written."""

    recipe: str
    run_dir: str
    model: str
    parameters: int
    device: str
    threads: int
    seed: int
    rows: int
    columns: tuple[str, ...]
    frequency: str
    train_windows: int
    valid_windows: int
    test_windows: int
    epochs: int
    steps_per_epoch: int
    start_epoch: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One optimiser step. ``loss`` is read only when it is shown: reading may wait for a device."""

    epoch: int
    step: int
    step_in_epoch: int
    steps_per_epoch: int
    loss: SupportsFloat
    lr: float
    windows: int


@dataclass(frozen=True)
class Epoch:
    """One pass over the training windows. Losses are means over observed target values."""

    epoch: int
    step: int
    train_loss: float
    valid_loss: float
    lr: float
    gradient_norm: float
    clipped_share: float
    gates: tuple[GateUpdate, ...]
    is_best: bool
    best_epoch: int
    best_valid_loss: float
    patience_left: int | None
    elapsed_seconds: float
    windows_per_second: float


@dataclass(frozen=True)
class MetricSet:
    """Errors of one forecaster. The first seven in original units, the last two in scaled ones.

    ``None`` where a metric is not defined: mape with a zero in the truth, mase without a training
    span, r2 of a constant truth.
    """

    mse: float
    rmse: float
    mae: float
    mape: float | None
    smape: float | None
    mase: float | None
    r2: float | None
    scaled_mse: float
    scaled_mae: float


@dataclass(frozen=True)
class Scores:
    """A model beside the baselines on the same windows.

    ``baselines`` maps naive, seasonal_naive, drift and ridge to their metrics; ``by_step`` has one
    entry for each step of the horizon, ``by_column`` one for each target. ``values`` counts the
    truth values that were compared (values that were never measured are not).
    """

    split: str
    windows: int
    values: int
    horizon_steps: int
    season_steps: int | None
    model: MetricSet
    baselines: Mapping[str, MetricSet]
    by_step: tuple[MetricSet, ...]
    by_column: Mapping[str, MetricSet]

    @property
    def best_naive(self) -> tuple[str, MetricSet]:
        """The strongest of the baselines that learn nothing, by mean squared error."""
        naive = {name: scores for name, scores in self.baselines.items() if name != "ridge"}
        name = min(naive, key=lambda key: naive[key].mse)
        return name, naive[name]


@dataclass(frozen=True)
class TrainingFinished:
    """How training ended, where things are and how good the best weights are on the test span.

    ``reason`` is one of ``epochs`` (all done), ``patience`` (stopped early).
    """

    reason: str
    run_dir: str
    best_path: str
    best_epoch: int
    best_valid_loss: float
    epochs: int
    steps: int
    elapsed_seconds: float
    steps_per_second: float
    scores: Scores | None


@dataclass(frozen=True)
class Forecast:
    """Values beyond the end of a table, in original units.

    ``timestamps`` has one text for each step, ``values[column]`` one number for each step.
    """

    time: str
    timestamps: tuple[str, ...]
    columns: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class MatrixStatistics:
    """What one gate's matrix, bias or gain looks like.

    ``shape`` is (rows, columns); vectors have one entry. ``spectral_norm`` and the ones after it
    are None where they are not defined: vectors, or matrices that are not square.
    ``near_zero_share`` counts entries below a thousandth of the root mean square.
    ``histogram`` counts entries in equal bins between ``minimum`` and ``maximum``.
    """

    symbol: str
    name: str
    layer: int
    direction: str
    gate: str
    part: str
    shape: tuple[int, ...]
    mean: float
    deviation: float
    minimum: float
    maximum: float
    norm: float
    near_zero_share: float
    not_finite: int
    histogram: tuple[int, ...]
    spectral_norm: float | None = None
    spectral_radius: float | None = None


@dataclass(frozen=True)
class TimeConstants:
    """Memory of a layer's units as its update (or forget) bias alone sets it, in steps.

    tau = -1 / ln(sigmoid(b)) for the summed bias b of the gate that keeps the state.
    """

    layer: int
    direction: str
    gate: str
    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True)
class WeightReport:
    """Every matrix of a checkpoint or foreign file, and what the file says of itself."""

    path: str
    format: str
    cell: str
    layer_norm: str
    matrices: tuple[MatrixStatistics, ...]
    time_constants: tuple[TimeConstants, ...]
    other_tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None


def _strict(value: Any) -> Any:
    """Replace what JSON cannot hold: numbers that are not finite become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value


def to_json(report: Any, *, indent: int | None = 2) -> str:
    """Write a report as one strict JSON document with its ``schema_version``."""
    body = {"schema_version": SCHEMA_VERSION, "kind": type(report).__name__} | asdict(report)
    return json.dumps(_strict(body), indent=indent, ensure_ascii=False, allow_nan=False)
