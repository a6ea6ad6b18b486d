"""Everything that one page shows about a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from grucli.results.history import EpochLoss, WeightHistory
from grucli.results.pictures import ForecastExample, MatrixFrames, MatrixSpectrum, Numbers
from grucli.results.scores import Scores
from grucli.results.tracing import TraceReport


@dataclass(frozen=True)
class SnapshotMoment:
    """When the matrices were kept; ``is_best`` marks the weights that best.pt holds."""

    step: int
    epoch: int
    is_best: bool


@dataclass(frozen=True)
class RunReport:
    """A run from its recipe to its scores.

    ``errors_by_step`` maps ``model`` and every baseline to its root mean squared error at each step
    of the horizon, in original units. ``snapshots`` has a moment for every frame of ``matrices``.
    ``trace_times`` are the times of the rows that ``trace`` read. A part that could not be made is
    None or empty, and ``missing`` maps its name (training, scores, forecasts, weights, spectra,
    history, gates) to a sentence that says why.
    """

    name: str
    path: str
    recipe: str
    model: str
    columns: tuple[str, ...]
    epochs: tuple[EpochLoss, ...]
    scores: Scores | None
    errors_by_step: Mapping[str, Numbers]
    forecasts: tuple[ForecastExample, ...]
    snapshots: tuple[SnapshotMoment, ...]
    matrices: tuple[MatrixFrames, ...]
    spectra: tuple[MatrixSpectrum, ...]
    history: WeightHistory | None
    trace: TraceReport | None
    trace_times: tuple[str, ...]
    missing: Mapping[str, str]
