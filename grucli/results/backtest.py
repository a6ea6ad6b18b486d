"""A rolling origin: how good a model is from one time after another."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grucli.results.scores import IntervalScore, MetricSet


@dataclass(frozen=True)
class BacktestWindow:
    """One horizon, from ``first`` to ``last``, of so many series; ``scores`` has the model first.

    The model, each baseline and those ``left_out`` are named as in ``Scores``; ``intervals`` are
    the model's, ``notes`` say why there are none.
    """

    first: str
    last: str
    series: int
    scores: Mapping[str, MetricSet]
    left_out: Mapping[str, str] = field(default_factory=dict)
    intervals: tuple[IntervalScore, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OverallErrors:
    """Over all windows: the root of the mean of their mse, and the means of mae and mase."""

    rmse: float
    mae: float
    mase: float | None


@dataclass(frozen=True)
class Backtest:
    """Windows ``step_steps`` apart, the oldest first, the newest at the end of the table.

    With ``is_refitted`` a model was trained before each of them, otherwise one before the first.
    ``intervals`` has, of every level that each window has, the means of coverage and width;
    ``notes`` are those of the windows, each once.
    """

    source: str
    horizon_steps: int
    step_steps: int
    is_refitted: bool
    windows: tuple[BacktestWindow, ...]
    overall: Mapping[str, OverallErrors]
    intervals: tuple[IntervalScore, ...] = ()
    notes: tuple[str, ...] = ()
