"""Errors of forecasts, summed window by window in float64 and read at the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.results import MetricSet
from grucli.tasks.forecast.metrics import METRICS, Array, Errors
from grucli.tensors import Tensor, torch

_SUMS = (
    *("count", "squared", "absolute", "percent", "symmetric", "truth", "truth_squared"),
    *("own_squared", "own_absolute", "pinball", "crps"),
)


@dataclass
class ErrorSums:
    """Sums over windows, one cell for each horizon step and column: arrays [K, C].

    ``spread`` [C] turns original into scaled units, where every series has its own that of one of
    them; ``naive_mae`` [C] is the in-sample error that mase divides by (zero: unknown); ``offset``
    [C] is taken off the truth before it is squared, so that a large level does not swallow the
    variance. ``by_window`` keeps a number for every window.
    """

    horizon: int
    spread: Array
    offset: Array
    naive_mae: Array
    sums: dict[str, Array] = field(default_factory=dict)
    zeros: bool = False
    by_window: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = (self.horizon, len(self.spread))
        self.sums = {name: np.zeros(shape) for name in _SUMS}

    def add(
        self,
        forecast: Tensor,
        target: Tensor,
        weight: Tensor | None,
        *,
        ratio: Array | None = None,
        own_error: Tensor | None = None,
        chances: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        """Add a batch: forecast and target [B, K, C] in original units, weight true if measured.

        ``ratio`` [B, 1, C] is ``spread`` over that of each window's series; None is one for all.
        ``own_error`` [B, K, C] is the error in scaled units times ``spread`` where values are
        transformed, so that it is no multiple of that in original units. ``chances`` has the
        pinball loss and the crps [B, K, C] of a forecast that says more than one number.
        """
        seen = torch.ones_like(target, dtype=torch.bool) if weight is None else weight
        f, y = forecast.double(), torch.where(seen, target.double(), 0.0)
        error = torch.where(seen, f - y, 0.0)
        size = (f.abs() + y.abs()).where(seen, 1.0)
        centred = torch.where(seen, y - torch.as_tensor(self.offset, device=y.device), 0.0)
        self.zeros = self.zeros or bool(((y == 0) & seen).any())
        safe_y = torch.where(y == 0, 1.0, y.abs())
        parts = {
            "count": seen.double(),
            "squared": error.square(),
            "absolute": error.abs(),
            "percent": error.abs() / safe_y,
            "symmetric": error.abs() / torch.where(size == 0, 1.0, size),
            "truth": centred,
            "truth_squared": centred.square(),
            "pinball": error.abs() / 2,
            "crps": error.abs(),
        }
        parts |= {name: part.double().where(seen, 0.0) for name, part in chances.items()}
        scaled = error if ratio is None else error * torch.as_tensor(ratio, device=error.device)
        if own_error is not None:
            scaled = torch.where(seen, own_error, 0.0)
        parts["own_squared"] = parts["squared"] if scaled is error else scaled.square()
        parts["own_absolute"] = parts["absolute"] if scaled is error else scaled.abs()
        own = parts["own_squared"].sum(dim=1).cpu().numpy()
        self.by_window.append((own / self.spread**2).sum(axis=1))
        for name, part in parts.items():
            self.sums[name] += part.sum(dim=0).cpu().numpy()

    @property
    def losses(self) -> Array:
        """Sum of the squared errors of each window, in scaled units."""
        return np.concatenate(self.by_window)

    @property
    def values(self) -> int:
        """Number of truth values that were compared."""
        return int(self.sums["count"].sum())

    def read(self, step: int | None = None, column: int | None = None) -> MetricSet:
        """Metrics over everything, one horizon step or one column."""
        rows = slice(None) if step is None else slice(step, step + 1)
        columns = slice(None) if column is None else slice(column, column + 1)
        by_column = {name: sums[rows, columns].sum(axis=0) for name, sums in self.sums.items()}
        errors = Errors(by_column, self.spread[columns], self.naive_mae[columns], self.zeros)
        found: dict[str, Any] = {name: metric(errors) for name, metric in METRICS.items()}
        return MetricSet(**found)


def naive_in_sample_mae(
    series: Iterable[tuple[Array, NDArray[np.bool_]]], columns: int, season: int | None
) -> Array:
    """Mean |y_t - y_(t-m)| by column over measured pairs; m is the season, or 1 without one.

    Of every series the training span, [N, C]: values in original units, and which were measured.
    Pairs lie within a series, and those of all series count alike. Returns [C]; zero where no pair
    was measured.
    """
    lag = season or 1
    total, count = np.zeros(columns), np.zeros(columns, np.int64)
    for values, observed in series:
        both = observed[lag:] & observed[:-lag]
        total += np.where(both, np.abs(values[lag:] - values[:-lag]), 0.0).sum(axis=0)
        count += both.sum(axis=0)
    return np.asarray(total / np.maximum(count, 1))


def columns_of(sums: ErrorSums, names: Sequence[str]) -> dict[str, MetricSet]:
    """Metrics of each target column by name."""
    return {name: sums.read(column=index) for index, name in enumerate(names)}
