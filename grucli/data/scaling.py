"""Between original and scaled units: scaled = (value - center) / spread, column by column."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.data.values import Floats
from grucli.errors import CheckpointError, DataError

Numbers = TypeVar("Numbers", Floats, Tensor)
KINDS = ("standard", "minmax", "robust", "none")


@dataclass(frozen=True, eq=False)
class Scaler:
    """``center`` and ``spread`` [C] in float64; targets are the first columns."""

    kind: str
    columns: tuple[str, ...]
    center: Floats
    spread: Floats

    def scale(self, values: Numbers) -> Numbers:
        """Original [..., c] to scaled units, for the first c columns; arrays or tensors."""
        center, spread = self._of(values)
        return (values - center) / spread

    def unscale(self, values: Numbers) -> Numbers:
        """Scaled [..., c] to original units, for the first c columns; arrays or tensors."""
        center, spread = self._of(values)
        return values * spread + center

    def _of(self, values: Numbers) -> tuple[Numbers, Numbers]:
        """Center and spread of the columns of ``values``, of its kind."""
        count = values.shape[-1]
        center, spread = self.center[:count], self.spread[:count]
        if isinstance(values, Tensor):
            return torch.as_tensor(center).to(values), torch.as_tensor(spread).to(values)
        return center, spread

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain values, for a checkpoint."""
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "center": [float(value) for value in self.center],
            "spread": [float(value) for value in self.spread],
        }

    @classmethod
    def from_plain(cls, plain: Any) -> "Scaler":
        """The scaler that ``to_plain`` gave. Raises CheckpointError for anything else."""
        try:
            kind, columns = plain["kind"], tuple(plain["columns"])
            center = np.array(plain["center"], np.float64)
            spread = np.array(plain["spread"], np.float64)
            sound = (
                kind in KINDS
                and center.shape == spread.shape == (len(columns),)
                and bool(np.isfinite(center).all() and np.isfinite(spread).all())
                and bool((spread > 0).all())
            )
        except (KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            raise CheckpointError(
                f"scaler: {str(plain)[:80]!r} is not what grucli writes; expected kind, columns, "
                "finite centers and positive spreads; the file was changed"
            )
        return cls(kind, columns, center, spread)


def fit_scaler(
    kind: str, values: Floats, observed: NDArray[np.bool_], columns: tuple[str, ...]
) -> Scaler:
    """Fit on the rows given, which must be the training span alone; filled values do not count.

    standard: mean and population standard deviation; minmax: to [0, 1]; robust: median and
    interquartile range; none: as it is. Raises DataError for a column that is constant or has no
    finite spread.
    """
    center, spread = np.zeros(len(columns)), np.ones(len(columns))
    problems = []
    for index, name in enumerate(columns):
        measured = values[observed[:, index], index]
        if len(measured) == 0:
            problems.append(
                f"column {name!r}: no measured value in the training span; expected some; change "
                "data.split or leave the column out"
            )
        elif measured.min() == measured.max():
            problems.append(
                f"column {name!r}: constant, {measured[0]:g} in all {len(measured)} measured rows "
                "of the training span; expected a column that varies; leave it out of the recipe "
                "or change data.split"
            )
        elif kind != "none":
            center[index], spread[index] = _statistics(kind, measured)
            if not (np.isfinite(spread[index]) and spread[index] > 0):
                problems.append(
                    f"column {name!r}: its {kind} spread over the training span is "
                    f"{spread[index]:g}; expected a positive number; choose another data.scale"
                )
    if problems:
        raise DataError(*problems)
    return Scaler(kind, columns, center, spread)


def _statistics(kind: str, measured: Floats) -> tuple[float, float]:
    """Center and spread. Differences to the first value keep small noise on a large offset."""
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "minmax":
            return float(measured.min()), float(measured.max() - measured.min())
        if kind == "robust":
            low, middle, high = np.quantile(measured, (0.25, 0.5, 0.75))
            return float(middle), float(high - low)
        change = measured - measured[0]
        largest = np.abs(change).max()
        share = change / largest
        return float(measured[0] + largest * share.mean()), float(largest * share.std())
