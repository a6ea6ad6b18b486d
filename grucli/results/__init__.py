"""What comes out of a run: frozen, JSON-able values that a screen can draw without torch."""

from grucli.results.anomalies import Anomalies
from grucli.results.backtest import Backtest, BacktestWindow, OverallErrors
from grucli.results.classes import ClassMetrics, ClassScores, Labels
from grucli.results.comparison import RunComparison, RunSummary
from grucli.results.document import SCHEMA_VERSION, to_json
from grucli.results.draft import ExampleFiles, RecipeDraft
from grucli.results.error import Error, Problem
from grucli.results.exported import Exported, Parity, Port
from grucli.results.history import (
    EpochLoss,
    MatrixLearning,
    MatrixRecord,
    MatrixSnapshot,
    MemoryRecord,
    Snapshot,
    WeightHistory,
    WeightRecord,
)
from grucli.results.matrices import MatrixChange, MatrixStatistics
from grucli.results.movement import MatrixMovement, Movement
from grucli.results.numbers import ROWS_BEFORE, NumberMetrics, Numbers, NumberScores
from grucli.results.pictures import (
    ForecastExample,
    MatrixFrames,
    MatrixSpectrum,
    WeightPictures,
)
from grucli.results.rate_range import RateRange
from grucli.results.recipe_check import RecipeCheck, SpanCheck
from grucli.results.renamed import OLD_KEYS, name_today, old_names, without_old_keys
from grucli.results.rows import Metric, Recorded, Statistic, quantities, rows_of
from grucli.results.run import RunReport, SnapshotMoment
from grucli.results.scores import (
    BASELINES,
    Baseline,
    Comparison,
    Forecast,
    IntervalScore,
    MetricSet,
    Scores,
    SplitName,
    Verdict,
)
from grucli.results.training import (
    Ensemble,
    Epoch,
    GateUpdate,
    SeedLoss,
    Step,
    TrainingEvent,
    TrainingFinished,
    TrainingStarted,
)
from grucli.results.tuning import (
    Trial,
    TrialFinished,
    TrialStarted,
    TrialState,
    TuningEvent,
    TuningResult,
    TuningStarted,
)
from grucli.results.unit import Link, UnitGate, UnitReport
from grucli.results.verdict import verdict_sentences
from grucli.results.weights import (
    Finding,
    MatrixValues,
    TimeConstants,
    WeightComparison,
    WeightReport,
)

AnyScores = Scores | ClassScores | NumberScores
"""How good a model is, of whatever task."""
Prediction = Forecast | Labels | Numbers | Anomalies
"""What a model makes of a table, of whatever task."""

__all__ = [
    "BASELINES",
    "OLD_KEYS",
    "ROWS_BEFORE",
    "SCHEMA_VERSION",
    "Anomalies",
    "AnyScores",
    "Backtest",
    "BacktestWindow",
    "Baseline",
    "ClassMetrics",
    "ClassScores",
    "Comparison",
    "Ensemble",
    "Epoch",
    "EpochLoss",
    "Error",
    "ExampleFiles",
    "Exported",
    "Finding",
    "Forecast",
    "ForecastExample",
    "GateUpdate",
    "IntervalScore",
    "Labels",
    "Link",
    "MatrixChange",
    "MatrixFrames",
    "MatrixLearning",
    "MatrixMovement",
    "MatrixRecord",
    "MatrixSnapshot",
    "MatrixSpectrum",
    "MatrixStatistics",
    "MatrixValues",
    "MemoryRecord",
    "Metric",
    "MetricSet",
    "Movement",
    "NumberMetrics",
    "NumberScores",
    "Numbers",
    "OverallErrors",
    "Parity",
    "Port",
    "Prediction",
    "Problem",
    "RateRange",
    "RecipeCheck",
    "RecipeDraft",
    "Recorded",
    "RunComparison",
    "RunReport",
    "RunSummary",
    "Scores",
    "SeedLoss",
    "Snapshot",
    "SnapshotMoment",
    "SpanCheck",
    "SplitName",
    "Statistic",
    "Step",
    "TimeConstants",
    "TrainingEvent",
    "TrainingFinished",
    "TrainingStarted",
    "Trial",
    "TrialFinished",
    "TrialStarted",
    "TrialState",
    "TuningEvent",
    "TuningResult",
    "TuningStarted",
    "UnitGate",
    "UnitReport",
    "Verdict",
    "WeightComparison",
    "WeightHistory",
    "WeightPictures",
    "WeightRecord",
    "WeightReport",
    "name_today",
    "old_names",
    "quantities",
    "rows_of",
    "to_json",
    "verdict_sentences",
    "without_old_keys",
]
