"""How good forecasts are, and a forecast itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SplitName = Literal["train", "valid", "test", "all"]
"""Spans that are scored; all is every sample of a table."""


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
class Forecast:
    """Values beyond the end of a table, in original units.

    ``timestamps`` has one text for each row, ``values[column]`` one number, ``ids[column]`` a text
    that names its series: all steps of the first series, then those of the next. ``ids`` is empty
    where the table is one series. ``notes`` are sentences on series that were left out.
    """

    time: str
    timestamps: tuple[str, ...]
    columns: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
