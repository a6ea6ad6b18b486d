"""Between original and scaled units: scaled = (value - center) / spread, column by column."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.data.values import Floats
from grucli.errors import DataError

Numbers = TypeVar("Numbers", Floats, Tensor)


@dataclass(frozen=True)
class Scaler:
    """``center`` and ``spread`` [C] in float64; targets are the first columns."""

    kind: str
    columns: tuple[str, ...]
    center: Floats
    spread: Floats

    def scale(self, values: Floats) -> Floats:
        """Original [..., C] to scaled units."""
        return (values - self.center) / self.spread

    def unscale(self, values: Numbers) -> Numbers:
        """Scaled [..., c] to original units, for the first c columns; arrays or tensors."""
        center, spread = self.center[: values.shape[-1]], self.spread[: values.shape[-1]]
        if isinstance(values, Tensor):
            return values * torch.as_tensor(spread).to(values) + torch.as_tensor(center).to(values)
        return values * spread + center

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
        """The scaler that ``to_plain`` gave."""
        center, spread = np.array(plain["center"]), np.array(plain["spread"])
        return cls(plain["kind"], tuple(plain["columns"]), center, spread)


def fit_scaler(
    kind: str, values: Floats, observed: NDArray[np.bool_], columns: tuple[str, ...]
) -> Scaler:
    """Fit on the rows given, which must be the training span alone; filled values do not count.

    standard: mean and population standard deviation; minmax: to [0, 1]; robust: median and
    interquartile range; none: as it is. Raises DataError for a column without spread.
    """
    center, spread = np.zeros(len(columns)), np.ones(len(columns))
    problems = []
    for index, name in enumerate(columns):
        measured = values[observed[:, index], index]
        if len(measured) == 0:
            problems.append(f"column {name!r} has no value in the training span; change data.split")
        elif kind != "none" and measured.min() == measured.max():
            problems.append(
                f"column {name!r} is {measured[0]:g} throughout the training span; expected a "
                "column that varies; leave it out of the recipe or change data.split"
            )
        elif kind != "none":
            center[index], spread[index] = _statistics(kind, measured)
            if not (np.isfinite(spread[index]) and spread[index] > 0):
                problems.append(
                    f"column {name!r}: the {kind} spread of the training span is "
                    f"{spread[index]:g}; set data.scale to standard or minmax"
                )
    if problems:
        raise DataError(*problems)
    return Scaler(kind, columns, center, spread)


def _statistics(kind: str, measured: Floats) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "standard":
            return float(measured.mean()), float(measured.std())
        if kind == "minmax":
            return float(measured.min()), float(measured.max() - measured.min())
        low, middle, high = np.quantile(measured, (0.25, 0.5, 0.75))
        return float(middle), float(high - low)
