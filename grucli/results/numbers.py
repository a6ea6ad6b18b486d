"""How good numbers are that are said of series, and the numbers themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from grucli.results.rows import Metric, row


@dataclass(frozen=True)
class NumberMetrics:
    """Errors of one regressor, in units of the table; r2 is None where the truth is constant."""

    rmse: float = row(Metric())
    mae: float = row(Metric())
    r2: float | None = row(Metric(better="higher", undefined="the truth is constant"))


@dataclass(frozen=True)
class NumberScores:
    """A regressor beside the baselines on the same sequences.

    ``pairs`` are the truth and what the model said of some of them, evenly spaced, to be drawn.
    """

    split: str
    label: str
    sequences: int
    model: NumberMetrics
    baselines: Mapping[str, NumberMetrics]
    pairs: tuple[tuple[float, float], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """The number that was said of each series.

    ``ids[column]`` has a text for each series, which name it; ``label`` is the name of the column
    of numbers, ``values`` has one for each series, in its units.
    """

    ids: Mapping[str, tuple[str, ...]]
    label: str
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, tuple[str, ...] | tuple[float, ...]]:
        """All columns by name, as they stand in a CSV: those of pandas, polars or pyarrow."""
        return {**self.ids, self.label: self.values}
