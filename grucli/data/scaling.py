"""Between original and scaled units: scaled = (value - center) / spread, column by column."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.data.panel import Panel
from grucli.data.split import Span
from grucli.data.values import Floats
from grucli.errors import CheckpointError, DataError
from grucli.forms import Fields, Listed, Number, OneOf, Text, Whatever, check_form

Numbers = TypeVar("Numbers", Floats, Tensor)
KINDS = ("standard", "minmax", "robust", "none")


@dataclass(frozen=True, eq=False)
class Scaler:
    """``center`` and ``spread`` [C] in float64, one of each for every name in ``columns``.

    That of a panel scaled by series has a row for each of its series, [S, C]: ``at`` picks them.
    """

    kind: str
    columns: tuple[str, ...]
    center: Floats
    spread: Floats

    def scale(self, values: Numbers) -> Numbers:
        """Original [..., C] to scaled units; arrays or tensors."""
        center, spread = self._of(values)
        return (values - center) / spread

    def unscale(self, values: Numbers) -> Numbers:
        """Scaled [..., C] to original units; arrays or tensors."""
        center, spread = self._of(values)
        return values * spread + center

    def of(self, _panel: Panel, _span: Span) -> "Scaler":
        """The scaler of a panel: this one, whatever its series."""
        return self

    @property
    def is_by_series(self) -> bool:
        """Whether every series has its own."""
        return self.center.ndim > 1

    def at(self, series: NDArray[np.int64] | Tensor) -> "Scaler":
        """That of values [..., C] whose series have these numbers [...]."""
        if not self.is_by_series:
            return self
        places = np.asarray(series)
        return replace(self, center=self.center[places], spread=self.spread[places])

    def only(self, columns: Sequence[str]) -> "Scaler":
        """The part of it that is for some of its columns, in the order given.

        Raises CheckpointError for a column that it does not know.
        """
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            raise CheckpointError(
                f"scaler: holds {', '.join(self.columns)}, not {', '.join(unknown)}; expected "
                "every target of the recipe; the file was changed"
            )
        places = [self.columns.index(name) for name in columns]
        return replace(
            self,
            columns=tuple(columns),
            center=self.center[..., places],
            spread=self.spread[..., places],
        )

    def _of(self, values: Numbers) -> tuple[Numbers, Numbers]:
        """Center and spread in the kind of number that ``values`` are."""
        if isinstance(values, Tensor):
            return torch.as_tensor(self.center).to(values), torch.as_tensor(self.spread).to(values)
        return self.center, self.spread

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
        check_form(_FORM, plain, "scaler")
        lengths = {len(plain[name]) for name in ("columns", "center", "spread")}
        if len(lengths) > 1:
            raise CheckpointError(
                "scaler: columns, center and spread differ in length; the file was changed"
            )
        center, spread = np.array(plain["center"], float), np.array(plain["spread"], float)
        return cls(plain["kind"], tuple(plain["columns"]), center, spread)


_LARGEST = float(np.finfo(float).max)
_FORM = Fields(
    {
        "kind": OneOf(KINDS),
        "columns": Listed(Text(), least=1),
        "center": Listed(Number(-_LARGEST, _LARGEST)),
        "spread": Listed(Number(math.nextafter(0.0, 1.0), _LARGEST)),
    },
    others=Whatever(),
)


def fit_scaler(
    kind: str,
    measured_values: Iterable[Floats],
    columns: tuple[str, ...],
    *,
    as_is: Sequence[str] = (),
) -> Scaler:
    """Fit on what was measured of each column, which must be of the training span alone.

    standard: mean and population standard deviation; minmax: to [0, 1]; robust: median and
    interquartile range; none: as it is, and so are the columns of ``as_is``. Raises DataError for a
    column that is constant or has no finite spread.
    """
    center, spread = np.zeros(len(columns)), np.ones(len(columns))
    problems = []
    for index, (name, measured) in enumerate(zip(columns, measured_values, strict=True)):
        if name in as_is:
            continue
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
            center[index], spread[index] = measured_statistics(kind, measured)
            if not (np.isfinite(spread[index]) and spread[index] > 0):
                problems.append(
                    f"column {name!r}: its {kind} spread over the training span is "
                    f"{spread[index]:g}; expected a positive number; choose another data.scale"
                )
    if problems:
        raise DataError(*problems)
    return Scaler(kind, columns, center, spread)


def measured_statistics(kind: str, measured: Floats) -> tuple[float, float]:
    """Center and spread of values [N]; the spread may be 0 or not finite.

    Differences to the first value keep small noise on a large offset.
    """
    if kind == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "minmax":
            return float(measured.min()), float(measured.max() - measured.min())
        if kind == "robust":
            low, middle, high = np.quantile(measured, (0.25, 0.5, 0.75))
            return float(middle), float(high - low)
        change = measured - measured[0]
        largest = np.abs(change).max()
        if largest == 0:
            return float(measured[0]), 0.0
        share = change / largest
        return float(measured[0] + largest * share.mean()), float(largest * share.std())
