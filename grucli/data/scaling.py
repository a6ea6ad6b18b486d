"""Between original and scaled units: scaled = (value - center) / spread, column by column."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

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
LEAST = {"log": 0.0, "log1p": -1.0}
"""Transform -> what a value has to be above."""
_FORWARD: dict[str, tuple[Any, Any]] = {
    "log": (np.log, torch.log),
    "log1p": (np.log1p, torch.log1p),
}
_BACK: dict[str, tuple[Any, Any]] = {
    "log": (np.exp, torch.exp),
    "log1p": (np.expm1, torch.expm1),
}
"""Transform -> function of arrays, function of tensors."""


@dataclass(frozen=True, eq=False)
class Scaler:
    """``center`` and ``spread`` [C] in float64, one of each for every name in ``columns``.

    The ``transformed`` among them are scaled by their logarithm, as ``transform`` says. That of a
    panel scaled by series has a row for each of its series, [S, C]: ``at`` picks them.
    """

    kind: str
    columns: tuple[str, ...]
    center: Floats
    spread: Floats
    transform: str = "none"
    transformed: tuple[str, ...] = ()

    def scale(self, values: Numbers) -> Numbers:
        """Original [..., C] to scaled units; arrays or tensors."""
        center, spread = self._of(values)
        return (self._mapped(values, _FORWARD) - center) / spread

    def unscale(self, values: Numbers) -> Numbers:
        """Scaled [..., C] to original units; arrays or tensors."""
        center, spread = self._of(values)
        return self._mapped(values * spread + center, _BACK)

    def _mapped(self, values: Numbers, table: Mapping[str, tuple[Any, Any]]) -> Numbers:
        """The values with those of transformed columns put through a function of a table."""
        places = [at for at, name in enumerate(self.columns) if name in self.transformed]
        if self.transform == "none" or not places:
            return values
        is_tensor = isinstance(values, Tensor)
        mapped: Any = values.clone() if isinstance(values, Tensor) else values.copy()
        mapped[..., places] = table[self.transform][is_tensor](mapped[..., places])
        return cast(Numbers, mapped)

    def of(self, _panel: Panel, _span: Span) -> "Scaler":
        """The scaler of a panel: this one, whatever its series."""
        return self

    def measured(self, column: int, values: Floats) -> Floats:
        """The values of one column as they are before its center is taken off."""
        if self.columns[column] not in self.transformed:
            return values
        return np.asarray(_FORWARD[self.transform][0](values))

    def can_scale(self, column: int, value: float) -> bool:
        """Whether a value of a column has a logarithm, where it is scaled by that."""
        return self.columns[column] not in self.transformed or value > LEAST[self.transform]

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
            transformed=tuple(name for name in columns if name in self.transformed),
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
            **self._transform_to_plain(),
        }

    def _transform_to_plain(self) -> dict[str, Any]:
        """Nothing without one, as in checkpoints of before there was any."""
        if not self.transformed:
            return {}
        return {"transform": self.transform, "transformed": list(self.transformed)}

    @classmethod
    def from_plain(cls, plain: Any) -> "Scaler":
        """The scaler that ``to_plain`` gave. Raises CheckpointError for anything else."""
        check_form(SCALER_FORM, plain, "scaler")
        lengths = {len(plain[name]) for name in ("columns", "center", "spread")}
        if len(lengths) > 1:
            raise CheckpointError(
                "scaler: columns, center and spread differ in length; the file was changed"
            )
        center, spread = np.array(plain["center"], float), np.array(plain["spread"], float)
        transform, transformed = plain.get("transform", "none"), plain.get("transformed", ())
        return cls(
            plain["kind"], tuple(plain["columns"]), center, spread, transform, tuple(transformed)
        )


_LARGEST = float(np.finfo(float).max)
SCALER_FORM = Fields(
    {
        "kind": OneOf(KINDS),
        "columns": Listed(Text(), least=1),
        "center": Listed(Number(-_LARGEST, _LARGEST)),
        "spread": Listed(Number(math.nextafter(0.0, 1.0), _LARGEST)),
    },
    {"transform": OneOf(tuple(LEAST)), "transformed": Listed(Text())},
    others=Whatever(),
)


def fit_scaler(
    kind: str,
    measured_values: Iterable[Floats],
    columns: tuple[str, ...],
    *,
    as_is: Sequence[str] = (),
    transform: str = "none",
    transformed: Sequence[str] = (),
) -> Scaler:
    """Fit on what was measured of each column, which must be of the training span alone.

    standard: mean and population standard deviation; minmax: to [0, 1]; robust: median and
    interquartile range; none: as it is, and so are the columns of ``as_is``. The
    ``transformed`` columns are measured as ``transform`` has them. Raises DataError for a
    column that is constant or has no finite spread.
    """
    center, spread = np.zeros(len(columns)), np.ones(len(columns))
    names = () if transform == "none" else tuple(transformed)
    whole = Scaler(kind, columns, center, spread, transform, names)
    problems = []
    for index, (name, measured) in enumerate(zip(columns, measured_values, strict=True)):
        if name in as_is:
            continue
        if problem := _unfit(measured):
            problems.append(f"column {name!r}: {problem}")
        elif kind != "none":
            center[index], spread[index] = measured_statistics(
                kind, whole.measured(index, measured)
            )
            if not (np.isfinite(spread[index]) and spread[index] > 0):
                problems.append(
                    f"column {name!r}: its {kind} spread over the training span is "
                    f"{spread[index]:g}; expected a positive number; choose another data.scale"
                )
    if problems:
        raise DataError(*problems)
    return whole


def _unfit(measured: Floats) -> str | None:
    """Why values [N] cannot be learned from; None where they can."""
    if len(measured) == 0:
        return (
            "no measured value in the training span; expected some; change data.split or leave "
            "the column out"
        )
    if _is_tiny(measured):
        return (
            f"no value above {np.finfo(float).tiny:.3g}; such numbers are too small to compute "
            "with; multiply the column, such as by 1e300"
        )
    if measured.min() == measured.max():
        return (
            f"constant, {measured[0]:g} in all {len(measured)} measured rows of the training "
            "span; expected a column that varies; leave it out of the recipe or change data.split"
        )
    return None


def _is_tiny(measured: Floats) -> bool:
    """Whether values [N], not all 0, are denormal: the machine may take them for 0 in training."""
    bits = np.ascontiguousarray(measured).view(np.int64) & np.iinfo(np.int64).max
    return bool(0 < bits.max() < np.finfo(float).tiny.view(np.int64))


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
