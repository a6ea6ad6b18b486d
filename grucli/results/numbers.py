"""How good numbers are that are said of series, and the numbers themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from grucli.results.rows import Metric, row

ROWS_BEFORE = 4
"""Rows before its own that ridge regression sees of a row that is labelled."""


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
    ``rows`` counts what was judged of a model that says a number of each row, None of sequences.
    """

    split: str
    label: str
    sequences: int
    model: NumberMetrics
    baselines: Mapping[str, NumberMetrics]
    pairs: tuple[tuple[float, float], ...]
    notes: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True)
class Numbers:
    """The number that was said of each series, or of each row.

    ``ids[column]`` has a text for each of them, which names its series; ``label`` is the name of
    the column of numbers, ``values`` has one for each, in its units. ``timestamps`` has a text for
    each row, in the column ``time``; of series both are empty.
    """

    ids: Mapping[str, tuple[str, ...]]
    label: str
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()
    time: str = ""
    timestamps: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, tuple[str, ...] | tuple[float, ...]]:
        """All columns by name, as they stand in a CSV: those of pandas, polars or pyarrow."""
        times = {self.time: self.timestamps} if self.timestamps else {}
        return {**self.ids, **times, self.label: self.values}
