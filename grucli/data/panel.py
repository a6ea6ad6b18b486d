"""Series in time, one behind the other, with their gaps filled and remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data.frequency import Frequency
from grucli.data.missing import last_observed
from grucli.data.timestamps import Times
from grucli.data.values import Floats


@dataclass(frozen=True, eq=False)
class Panel:
    """Series in time, one behind the other, each with one row a step and without holes.

    ``timestamps`` [N]; ``values`` [N, C] hold ``columns.values`` and are filled by the policies
    ``missing`` of each; ``observed`` [N, C] is true where a value was measured, and is so in the
    whole first row of every series. Series s has the rows ``bounds[s]`` up to, but without,
    ``bounds[s + 1]``, and the name ``ids[s]``, which is empty where the table is one series.
    ``notes`` are sentences about what was found. ``texts`` maps columns of texts, those that the
    names are made of and others, to one text for each series. ``files`` counts the series of each
    table, where it is made of several. ``marks`` maps columns that no model reads to a number for
    each row [N], NaN where there is none; of those in ``words`` it counts their texts.
    ``categories`` maps those of the columns to their texts, whose numbers stand in ``values`` (see
    ``grucli.data.categories``).
    """

    source: str
    time: str
    timestamps: Times
    columns: Columns
    values: Floats
    observed: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    ids: tuple[str, ...]
    frequency: Frequency
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[int, ...] = ()
    marks: Mapping[str, Floats] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self.ids)

    def series_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the series of each of some rows."""
        return np.asarray(np.searchsorted(self.bounds, rows, side="right") - 1)

    def only(self, place: int) -> "Panel":
        """One of the series, by its number."""
        rows = slice(*self.bounds[place : place + 2].tolist())
        return replace(
            self,
            timestamps=self.timestamps[rows],
            values=self.values[rows],
            observed=self.observed[rows],
            bounds=np.array([0, rows.stop - rows.start]),
            ids=self.ids[place : place + 1],
            notes=(),
            files=(),
            texts={name: texts[place : place + 1] for name, texts in self.texts.items()},
            marks={name: mark[rows] for name, mark in self.marks.items()},
        )

    def until(self, stop: int) -> "Panel":
        """The first rows of the only series, filled as if nothing had come after them."""
        values, observed = self.values[:stop], self.observed[:stop]
        is_drawn = np.array([policy == "linear" for policy in self.missing])
        if is_drawn.any() and not observed[-1].all():
            newest = last_observed(observed)[-1]
            is_open = (np.arange(stop)[:, None] > newest) & is_drawn
            values = np.where(is_open, values[newest, np.arange(values.shape[1])], values)
        return replace(
            self,
            timestamps=self.timestamps[:stop],
            values=values,
            observed=observed,
            bounds=np.array([0, stop]),
            marks={name: mark[:stop] for name, mark in self.marks.items()},
        )
