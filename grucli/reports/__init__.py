"""What comes out of a run: frozen, JSON-able values that a screen can draw without torch."""

from grucli.reports.document import SCHEMA_VERSION, to_json
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
    "Finding",
    "Forecast",
    "GateUpdate",
    "MatrixChange",
    "MatrixStatistics",
    "MatrixValues",
    "MetricSet",
    "Scores",
    "Step",
    "TimeConstants",
    "TrainingFinished",
    "TrainingStarted",
    "WeightComparison",
    "WeightReport",
    "to_json",
]
