"""What comes out of a run: frozen, JSON-able values that a screen can draw without torch."""

from grucli.reports.document import SCHEMA_VERSION, to_json
from grucli.reports.history import (
    EpochLoss,
    MatrixLearning,
    MatrixRecord,
    MatrixSnapshot,
    MemoryRecord,
    Snapshot,
    WeightHistory,
    WeightRecord,
)
from grucli.reports.scores import Forecast, MetricSet, Scores
from grucli.reports.training import Epoch, GateUpdate, Step, TrainingFinished, TrainingStarted
from grucli.reports.weights import (
    Finding,
    MatrixChange,
    MatrixStatistics,
    MatrixValues,
    TimeConstants,
    WeightComparison,
    WeightReport,
)

__all__ = [
    "SCHEMA_VERSION",
    "Epoch",
    "EpochLoss",
    "Finding",
    "Forecast",
    "GateUpdate",
    "MatrixChange",
    "MatrixLearning",
    "MatrixRecord",
    "MatrixSnapshot",
    "MatrixStatistics",
    "MatrixValues",
    "MemoryRecord",
    "MetricSet",
    "Scores",
    "Snapshot",
    "Step",
    "TimeConstants",
    "TrainingFinished",
    "TrainingStarted",
    "WeightComparison",
    "WeightHistory",
    "WeightRecord",
    "WeightReport",
    "to_json",
]
