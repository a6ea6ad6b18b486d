"""How good forecasts are, and a forecast itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grucli.results.rows import Metric, row

SplitName = Literal["train", "valid", "test", "all"]
"""Spans that are scored; all is every sample of a table."""


@dataclass(frozen=True)
class MetricSet:
    """Errors of one forecaster, in the order of the screen; None where one is not defined."""

    mse: float = row(Metric())
    rmse: float = row(Metric())
    mae: float = row(Metric())
    mape: float | None = row(Metric(unit="%", undefined="the truth holds a zero"))
    smape: float | None = row(Metric(unit="%", undefined="truth and forecast are both zero"))
    mase: float | None = row(
        Metric(undefined="the training span gives no seasonal naive error to divide by")
    )
    r2: float | None = row(Metric(better="higher", undefined="the truth is constant"))
    pinball: float = row(Metric(of_chances=True))
    crps: float = row(Metric(of_chances=True))
    scaled_mse: float = row(Metric("scaled mse", is_scaled=True))
    scaled_mae: float = row(Metric("scaled mae", is_scaled=True))

    @property
    def has_chances(self) -> bool:
        """Whether the forecaster says more of a value than one number."""
        return self.crps != self.mae


@dataclass(frozen=True)
class Baseline:
    """A forecaster to be beaten; one that ``learns`` is fitted on the training span."""

    name: str
    words: str
    learns: bool = False


BASELINES = (
    Baseline("ridge", "ridge regression", learns=True),
    Baseline("seasonal_naive", "seasonal naive"),
    Baseline("drift", "drift"),
    Baseline("naive", "naive"),
)
"""Those that there may be, the most demanding first."""

LEARNERS = tuple(item.name for item in BASELINES if item.learns)


Verdict = Literal["better", "worse", "no difference"]


@dataclass(frozen=True)
class Comparison:
    """A model beside a baseline, window by window.

    ``skill`` is 1 less the ratio of their mean squared errors in scaled units, above 0 where the
    model has the smaller one; it lies between ``low`` and ``high`` with a confidence of 95 %.
    ``p_value`` is the probability of a difference as large if there were none. None where the
    windows are too few to tell, and of a baseline without an error.
    """

    skill: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: Verdict


@dataclass(frozen=True)
class IntervalScore:
    """The intervals of one ``level`` in per cent: ``coverage`` is the share of them that held the
    truth, ``width`` their mean width in units of the table.
    """

    level: float
    coverage: float
    width: float
    coverage_by_step: tuple[float, ...]

    @property
    def name(self) -> str:
        """The level as it is written."""
        return f"{self.level:g}"


@dataclass(frozen=True)
class Scores:
    """A model beside the baselines on the same windows.

    ``baselines`` maps those of ``BASELINES`` that there are to their metrics; ``by_step`` has one
    entry for each step of the horizon, ``by_column`` one for each target. ``values`` counts the
    truth values that were compared (values that were never measured are not). ``season_reason``
    says where the season, or that there is none, is from; checkpoints before it did are silent.
    ``notes`` are sentences on the table: what was filled, what was left out; and on intervals that
    there are none of. ``comparisons`` says of every baseline whether the model is better,
    ``hints`` what to try next; ``intervals`` has one entry for each level,
    ``left_out`` a reason for each baseline that is not there and could be.
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
    season_reason: str = ""
    notes: tuple[str, ...] = ()
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    intervals: tuple[IntervalScore, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def naive(self) -> Mapping[str, MetricSet]:
        """The baselines that learn nothing."""
        return {name: found for name, found in self.baselines.items() if name not in LEARNERS}

    @property
    def best_naive(self) -> tuple[str, MetricSet]:
        """The strongest of the baselines that learn nothing, by mean squared error."""
        name = min(self.naive, key=lambda key: self.naive[key].mse)
        return name, self.naive[name]


@dataclass(frozen=True)
class Forecast:
    """Values beyond the end of a table, in original units.

    ``timestamps`` has one text for each row, ``values[column]`` one number, ``ids[column]`` a text
    that names its series: all steps of the first series, then those of the next. ``ids`` is empty
    where the table is one series. ``notes`` are sentences on series that were left out. ``bounds``
    has the ends of intervals, as ``values`` has forecasts, under names such as ``y-lo-80`` and
    ``y-hi-80``; ``quantiles`` those of a model that forecasts them, such as ``y-q-0.9``.
    """

    time: str
    timestamps: tuple[str, ...]
    columns: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    quantiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def table(self) -> dict[str, tuple[str, ...] | tuple[float, ...]]:
        """All columns by name, as they stand in a CSV: those of pandas, polars or pyarrow."""
        more = {**self.quantiles, **self.bounds}
        return {**self.ids, self.time: self.timestamps, **self.values, **more}
