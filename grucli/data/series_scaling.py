"""A scaler for every series of a panel, fitted on its own rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grucli.data.panel import Panel
from grucli.data.scaler_fitting import measured_statistics
from grucli.data.scaling import Scaler
from grucli.data.split import Span, measured_columns
from grucli.data.values import Floats
from grucli.errors import CheckpointError
from grucli.forms import Array, Fields, Listed, Plain, Text, check_form

Name = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SeriesScaler:
    """``center`` and ``spread`` [S, C] of each series that was trained on, by its ``names``.

    ``id_columns`` are the columns of texts that the names are made of. ``whole`` is fitted on all
    series together: its spread stands in for that of a constant column, and it is the scaler of a
    series without a row to fit on, and of ``Columns.common``. A checkpoint keeps 16 bytes a column
    and its name of each.
    """

    whole: Scaler
    id_columns: tuple[str, ...]
    names: tuple[Name, ...]
    center: Floats
    spread: Floats

    @property
    def vocabularies(self) -> Mapping[str, tuple[str, ...]]:
        """Those of the categories, which are the same for all series."""
        return self.whole.vocabularies

    @property
    def texts(self) -> dict[str, int]:
        """How many texts there are of each category."""
        return self.whole.texts

    @classmethod
    def fit(
        cls, whole: Scaler, panel: Panel, span: Span, id_columns: Sequence[str]
    ) -> "SeriesScaler":
        """That of every series with a row in ``span``, which must be the training span."""
        columns = tuple(id_columns)
        nobody = np.empty((0, len(whole.columns)))
        own = cls(whole, columns, (), nobody, nobody).of(panel, span)
        seen = span.stop > span.start
        names = _names(panel, columns)
        kept = tuple(name for name, is_seen in zip(names, seen, strict=True) if is_seen)
        return cls(whole, columns, kept, own.center[seen], own.spread[seen])

    def of(self, panel: Panel, span: Span) -> Scaler:
        """The scaler of a panel: center and spread [S, C], one row for each of its series.

        A series that was not trained on is scaled by its own rows in ``span``.
        """
        place_of = {name: place for place, name in enumerate(self.names)}
        places = np.array([place_of.get(name, -1) for name in _names(panel, self.id_columns)])
        shape = (panel.series, len(self.whole.columns))
        center, spread = np.empty(shape), np.empty(shape)
        known = places >= 0
        center[known], spread[known] = self.center[places[known]], self.spread[places[known]]
        for series in np.flatnonzero(~known).tolist():
            center[series], spread[series] = self._fit_one(panel, span, series)
        return replace(self.whole, center=center, spread=spread)

    def _fit_one(self, panel: Panel, span: Span, series: int) -> tuple[Floats, Floats]:
        """Center and spread [C] of one series; where its rows have none, those of all."""
        center, spread = self.whole.center.copy(), self.whole.spread.copy()
        rows = Span(span.start[series : series + 1], span.stop[series : series + 1])
        if len(rows) == 0:
            return center, spread
        for column, measured in enumerate(measured_columns(panel, rows)):
            if len(measured) == 0 or panel.columns.values[column] in panel.columns.common:
                continue
            own_center, own_spread = measured_statistics(
                self.whole.kind, self.whole.measured(column, measured)
            )
            center[column] = own_center
            if np.isfinite(own_spread) and own_spread > 0:
                spread[column] = own_spread
        return center, spread

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain values and arrays, for a checkpoint."""
        by_series = {
            "id_columns": list(self.id_columns),
            "names": [list(name) for name in self.names],
            "center": self.center,
            "spread": self.spread,
        }
        return self.whole.to_plain() | {"by_series": by_series}

    @classmethod
    def from_plain(cls, plain: Any) -> "SeriesScaler":
        """The scaler that ``to_plain`` gave. Raises CheckpointError for anything else."""
        whole = Scaler.from_plain(plain)
        own = plain["by_series"]
        check_form(_FORM, own, "scaler.by_series")
        faults = list(_disagreements(own, whole))
        if faults:
            raise CheckpointError(*(f"{fault}; the file was changed" for fault in faults))
        names = tuple(map(tuple, own["names"]))
        return cls(whole, tuple(own["id_columns"]), names, own["center"], own["spread"])


_FORM = Fields(
    {
        "id_columns": Listed(Text(), least=1),
        "names": Listed(Listed(Plain(names=0, values=1), least=1)),
        "center": Array(("float64",)),
        "spread": Array(("float64",)),
    }
)


def _disagreements(own: Mapping[str, Any], whole: Scaler) -> Iterator[str]:
    """Where names, centers and spreads do not belong together."""
    center, spread, names = own["center"], own["spread"], own["names"]
    if not center.shape == spread.shape == (len(names), len(whole.columns)):
        yield "scaler.by_series: center and spread have other shapes than series by columns"
    elif not (np.isfinite(center).all() and np.isfinite(spread).all() and (spread > 0).all()):
        yield "scaler.by_series: expected finite centers and positive spreads"
    if any(len(name) != len(own["id_columns"]) for name in names):
        yield "scaler.by_series.names: expected one text for each of id_columns"


AnyScaler = Scaler | SeriesScaler


def scaler_from_plain(plain: Any) -> AnyScaler:
    """Either kind of scaler from a checkpoint. Raises CheckpointError."""
    is_by_series = isinstance(plain, dict) and "by_series" in plain
    return SeriesScaler.from_plain(plain) if is_by_series else Scaler.from_plain(plain)


def _names(panel: Panel, id_columns: Sequence[str]) -> list[Name]:
    return list(zip(*(panel.texts[column] for column in id_columns), strict=True))
