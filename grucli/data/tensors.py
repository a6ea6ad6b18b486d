"""A panel as tensors: scaled once, on the device, shared by whatever reads from it.

Suffixes: N rows of the panel, B samples of a batch, C columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data.categories import put_classes
from grucli.data.missing import last_observed
from grucli.data.panel import Panel
from grucli.data.scaling import Scaler
from grucli.errors import DataError
from grucli.tensors import Tensor, torch

_BLOCK_ROWS = 1 << 16
"""Rows scaled at a time, so that float64 copies stay small."""
_LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class PanelTensors:
    """``scaled`` [N, C_in] holds ``panel.columns.names`` in float32, on the device.

    ``age`` [N, C] says how many rows ago each value was measured, 0 where it was, in the smallest
    whole numbers that do; None where all were. ``original`` [N, C] are the values of the panel in
    float64, not copied and on the CPU: only scores are taken in them. ``texts`` says how many texts
    there are of each category, whose classes ``scaled`` holds.
    """

    panel: Panel
    scaled: Tensor
    age: Tensor | None
    original: Tensor
    texts: Mapping[str, int]


def build_tensors(panel: Panel, scaler: Scaler, device: torch.device) -> PanelTensors:
    """Scale a panel. Raises DataError for a value that is too large to compute with."""
    _check_size(panel)
    age = None if panel.observed.all() else torch.from_numpy(_ages(panel.observed)).to(device)
    return PanelTensors(
        panel=panel,
        scaled=torch.from_numpy(scaled_columns(panel, scaler)).to(device),
        age=age,
        original=torch.from_numpy(np.ascontiguousarray(panel.values)),
        texts=scaler.texts,
    )


def in_float64(data: PanelTensors, scaler: Scaler) -> PanelTensors:
    """The same with ``scaled`` in float64, for what is computed without a network.

    In float32 numbers around 2e9 are 128 apart.
    """
    scaled = torch.from_numpy(scaled_columns(data.panel, scaler, np.float64))
    return replace(data, scaled=scaled.to(data.scaled.device))


def take_runs(table_NC: Tensor, first_B: Tensor, steps: int) -> Tensor:
    """``steps`` rows from each of the rows ``first``, [B, steps, C].

    A run of rows is one run of memory: overlapping runs are a view, and only the chosen ones are
    copied.
    """
    columns = table_NC.shape[1]
    runs = table_NC.view(-1).unfold(0, steps * columns, columns)
    return runs.index_select(0, first_B).view(-1, steps, columns)


def scaled_columns(
    panel: Panel, scaler: Scaler, dtype: type[np.floating[Any]] = np.float32
) -> NDArray[np.floating[Any]]:
    """Values in scaled units, then the flags where there are any: [N, C_in]."""
    flags = panel.columns.flag_places
    flagged = [panel.columns.place(name) for name in panel.columns.flagged]
    scaled = np.empty((len(panel.values), len(panel.columns.names)), dtype)
    for start in range(0, len(scaled), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        with np.errstate(over="ignore"):
            rows = np.arange(start, min(block.stop, len(scaled)))
            own = scaler.at(panel.series_of(rows)) if scaler.is_by_series else scaler
            scaled[block, : flags.start] = own.scale(panel.values[block])
        put_classes(
            scaled[block],
            panel.values[block],
            panel.columns.values,
            words=panel.categories,
            vocabularies=scaler.vocabularies,
        )
        if panel.columns.flagged:
            scaled[block, flags] = panel.observed[block][:, flagged]
        large = np.argwhere(~np.isfinite(scaled[block]))
        if len(large):
            row, column = large[0] + (start, 0)
            time = panel.frequency.format(panel.timestamps[row])
            raise DataError(
                f"{panel.source}: column {panel.columns.names[column]!r}: "
                f"{panel.values[row, column]:g} at {time} is too large for float32 after scaling; "
                "correct the value or change data.scale"
            )
    return scaled


def _check_size(panel: Panel) -> None:
    """Raise DataError for values whose squares, which errors are summed in, are no numbers."""
    values = panel.values
    for column in np.flatnonzero(np.maximum(values.max(axis=0), -values.min(axis=0)) > _LARGEST):
        row = int(np.abs(values[:, column]).argmax())
        time = panel.frequency.format(panel.timestamps[row])
        raise DataError(
            f"{panel.source}: column {panel.columns.values[column]!r}: {values[row, column]:g} at "
            f"{time}; expected values of at most {_LARGEST:g}, whose squares can be added up; "
            "correct the value, or divide the column"
        )


def _ages(observed: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Rows since each value was measured, column by column so that little is held at once.

    No series needs its bounds: the whole first row of each is measured.
    """
    ages: NDArray[np.integer] = np.zeros(observed.shape, np.uint8)
    rows = np.arange(len(observed))[:, None]
    for column in range(observed.shape[1]):
        age = rows - last_observed(observed[:, column : column + 1])
        smallest = next(
            kind for kind in (np.uint8, np.int16, np.int32) if age.max() <= np.iinfo(kind).max
        )
        if np.iinfo(smallest).max > np.iinfo(ages.dtype).max:
            ages = ages.astype(smallest)
        ages[:, column] = age[:, 0]
    return ages
