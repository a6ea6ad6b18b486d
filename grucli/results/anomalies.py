"""How far each row of a table is from what was forecast of it one step before."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Anomalies:
    """Of every row of a table, and each target: what it was, what was expected, how odd that is.

    ``scores`` are errors of the forecast one step ahead, divided by the usual error of that target
    on the validation span: of about 1 for a usual one, with a sign. ``p_values`` are the shares of
    the errors on the validation span that were as large. Each maps a target to a number for each
    row; None where it was not measured, or has no whole context before it. ``timestamps`` has a
    text for each row, ``ids[column]`` a text that names its series.
    """

    time: str
    timestamps: tuple[str, ...]
    columns: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]
    expected: Mapping[str, tuple[float | None, ...]]
    scores: Mapping[str, tuple[float | None, ...]]
    p_values: Mapping[str, tuple[float | None, ...]]
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, tuple[str, ...] | tuple[float | None, ...]]:
        """All columns by name, as they stand in a CSV: those of pandas, polars or pyarrow."""
        columns: dict[str, tuple[str, ...] | tuple[float | None, ...]] = dict(self.ids)
        columns[self.time] = self.timestamps
        for name in self.columns:
            columns[name] = self.values[name]
            columns[f"{name}-expected"] = self.expected[name]
            columns[f"{name}-score"] = self.scores[name]
            columns[f"{name}-p-value"] = self.p_values[name]
        return columns
