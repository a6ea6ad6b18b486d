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
from grucli.reports.pictures import (
    ForecastExample,
    MatrixFrames,
    MatrixSpectrum,
    WeightPictures,
)
from grucli.reports.run import FilmMoment, RunReport
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
    "FilmMoment",
    "Finding",
    "Forecast",
    "ForecastExample",
    "GateUpdate",
    "MatrixChange",
    "MatrixFrames",
    "MatrixLearning",
    "MatrixRecord",
    "MatrixSnapshot",
    "MatrixSpectrum",
    "MatrixStatistics",
    "MatrixValues",
    "MemoryRecord",
    "MetricSet",
    "RunReport",
    "Scores",
    "Snapshot",
    "Step",
    "TimeConstants",
    "TrainingFinished",
    "TrainingStarted",
    "WeightComparison",
    "WeightHistory",
    "WeightPictures",
    "WeightRecord",
    "WeightReport",
    "to_json",
]
