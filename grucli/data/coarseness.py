"""Columns whose changes are lost in float32, which is what a model reads."""

from collections.abc import Iterator

import numpy as np

from grucli.data.panel import Panel
from grucli.data.scaling import Scaler
from grucli.data.values import Floats
from grucli.text import quoted

_LOOKED_AT = 1 << 16
"""Rows of a table that are looked at."""


def coarse_columns(panel: Panel, scaler: Scaler) -> Iterator[str]:
    """A sentence on every column whose typical change is below the spacing of float32 numbers.

    The typical change is the median of those that are not 0, from row to row; the spacing is that
    at the median size, in scaled units. Of many series the first is looked at.
    """
    values = panel.values[: min(int(panel.bounds[1]), _LOOKED_AT)]
    own = scaler.at(np.zeros(1, np.int64))
    scaled = own.scale(values)
    for place, name in enumerate(panel.columns.values):
        if name in panel.columns.categories:
            continue
        change = _typical_change(values[:, place])
        spacing = _spacing(scaled[:, place]) * float(own.spread[..., place].item())
        if 0 < change < spacing:
            yield (
                f"column {quoted(name)}: the model reads numbers {spacing:.3g} apart around "
                f"{np.median(values[:, place]):.6g} (float32), more than the typical change of "
                f"{change:.3g}; take a constant off the column"
                f"{', or set data.scale: standard' if scaler.kind == 'none' else ''}"
            )


def _typical_change(values: Floats) -> float:
    change = np.abs(np.diff(values))
    moving = change[change > 0]
    return float(np.median(moving)) if len(moving) else 0.0


def _spacing(values: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.spacing(np.float32(np.median(np.abs(values)))))
