"""Samples: positions into one tensor, gathered a batch at a time.

Suffixes: N rows of the panel, B windows of a batch, T context, K horizon, C columns.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.data.panel import Panel, last_observed
from grucli.data.scaling import Scaler
from grucli.data.split import Span
from grucli.errors import DataError

_BLOCK_ROWS = 1 << 16
"""Rows scaled at a time, so that float64 copies stay small."""


@dataclass(frozen=True, eq=False)
class Batch:
    """``context`` [B, T, C_in], ``target`` [B, K, C_out], both scaled.

    ``weight`` [B, K, C_out] is true where the target was measured; None where all were.
    """

    context: Tensor
    target: Tensor
    weight: Tensor | None


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of a span.

    ``values`` [N, C_in] are the scaled columns (targets, past, flags), ``starts`` the first row of
    each context. ``observed`` [N, C_out] is None when every value was measured; ``carried`` [N, C]
    holds, for linearly filled panels, the row of the newest measured value. ``originals`` [N,
    C_out] are the targets as they stand in the table, in float64, for scoring.
    """

    values: Tensor
    starts: Tensor
    context_steps: int
    horizon_steps: int
    targets: int
    originals: Tensor
    observed: Tensor | None = None
    carried: Tensor | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, index: Tensor) -> Batch:
        """The windows at positions ``index`` [B] as one batch on the device."""
        first_B = self.starts.index_select(0, index.to(self.starts.device))
        rows = _rows(self.values, first_B, self.context_steps + self.horizon_steps)
        context = rows[:, : self.context_steps]
        target = rows[:, self.context_steps :, : self.targets]
        if self.carried is not None:
            context = self._without_hindsight(context, first_B)
            target = self._carried_targets(first_B + self.context_steps)
        weight = None
        if self.observed is not None:
            weight = _rows(self.observed, first_B + self.context_steps, self.horizon_steps)
        return Batch(context, target, weight)

    def truth(self, index: Tensor) -> Tensor:
        """The targets at positions ``index`` [B] in original units, float64 [B, K, C_out]."""
        first_B = self.starts.index_select(0, index.to(self.starts.device)) + self.context_steps
        return _rows(self.originals, first_B, self.horizon_steps)

    def _carried_targets(self, first_B: Tensor) -> Tensor:
        """Targets with gaps carried forward: what a decoder is fed must not know what follows."""
        assert self.carried is not None
        rows_BKC = _rows(self.carried, first_B, self.horizon_steps)[..., : self.targets]
        flat = self.values[:, : self.targets].gather(0, rows_BKC.reshape(-1, self.targets))
        return flat.view(rows_BKC.shape)

    def _without_hindsight(self, context_BTC: Tensor, first_B: Tensor) -> Tensor:
        """Carry forward what is still open at the end of a context.

        A line drawn across such a gap would lead to a value from beyond the context.
        """
        assert self.carried is not None
        steps = torch.arange(self.context_steps, device=first_B.device)
        newest_BC = self.carried.index_select(0, first_B + self.context_steps - 1)
        kept_BC = self.values.gather(0, newest_BC)
        is_open_BTC = (first_B[:, None] + steps)[..., None] > newest_BC[:, None]
        return torch.where(is_open_BTC, kept_BC[:, None], context_BTC)


def _rows(table_NC: Tensor, first_B: Tensor, steps: int) -> Tensor:
    """``steps`` rows from each of the rows ``first``, [B, steps, C].

    A run of rows is one run of memory: overlapping runs are a view, and only the chosen ones are
    copied.
    """
    columns = table_NC.shape[1]
    runs = table_NC.view(-1).unfold(0, steps * columns, columns)
    return runs.index_select(0, first_B).view(-1, steps, columns)


def build_windows(
    panel: Panel,
    scaler: Scaler,
    span: Span,
    *,
    context_steps: int,
    horizon_steps: int,
    stride: int = 1,
    targets: int,
    flags: bool = False,
    lookback: bool = False,
    device: torch.device,
) -> Windows:
    """All windows whose targets lie in ``span``.

    Windows begin at multiples of ``stride``, counted from the first row of the panel, so that
    episodes of ``stride`` rows stay whole in every span. A context lies in the span too, or with
    ``lookback`` may begin before it. Raises DataError when there is not a single window, or when a
    value is too large to compute with.
    """
    earliest = max(0, span.start - context_steps) if lookback else span.start
    first = -(-earliest // stride) * stride
    end = span.stop - context_steps - horizon_steps + 1
    starts = torch.arange(first, max(first, end), stride)
    if not len(starts):
        raise DataError(
            _too_short(panel, span, context=context_steps, horizon=horizon_steps, stride=stride)
        )
    measured = bool(panel.observed.all())
    carried = None
    if panel.missing == "linear" and not measured:
        carried = torch.from_numpy(last_observed(panel.observed)).to(device)
    return Windows(
        values=torch.from_numpy(_scaled_columns(panel, scaler, flags=flags)).to(device),
        starts=starts.to(device),
        context_steps=context_steps,
        horizon_steps=horizon_steps,
        targets=targets,
        originals=torch.from_numpy(panel.values[:, :targets].copy()).to(device),
        observed=(
            None if measured else torch.from_numpy(panel.observed[:, :targets].copy()).to(device)
        ),
        carried=carried,
    )


def latest_context(
    panel: Panel, scaler: Scaler, *, context_steps: int, flags: bool, device: torch.device
) -> Tensor:
    """The newest rows as one scaled context [1, T, C_in]. Raises DataError if there are too few."""
    rows = len(panel.values)
    if rows < context_steps:
        raise DataError(
            f"{panel.source}: {rows} rows of history; the model reads {context_steps} "
            "(task.context); bring a longer table"
        )
    newest = _scaled_columns(panel, scaler, flags=flags)[-context_steps:]
    return torch.from_numpy(newest).unsqueeze(0).to(device)


def _scaled_columns(panel: Panel, scaler: Scaler, *, flags: bool) -> NDArray[np.float32]:
    """Scaled values in float32, then, with ``flags``, 1 for each that was measured: [N, C_in]."""
    rows, columns = panel.values.shape
    scaled = np.empty((rows, columns * (2 if flags else 1)), np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, rows, _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            scaled[block, :columns] = scaler.scale(panel.values[block])
    scaled[:, columns:] = panel.observed[:, : scaled.shape[1] - columns]
    large = np.argwhere(~np.isfinite(scaled))
    if len(large):
        row, column = large[0]
        raise DataError(
            f"{panel.source}: column {panel.columns[column]!r}: "
            f"{panel.values[row, column]:g} at {panel.frequency.format(panel.timestamps[row])} is "
            "too large for float32 after scaling; correct the value or change data.scale"
        )
    return scaled


def _too_short(panel: Panel, span: Span, *, context: int, horizon: int, stride: int) -> str:
    first, last = (
        panel.frequency.format(panel.timestamps[row]) for row in (span.start, span.stop - 1)
    )
    strided = f", at a multiple of task.stride {stride}" if stride > 1 else ""
    return (
        f"{panel.source}: no window ends between {first} and {last}: have {len(span)} rows there "
        f"and {span.start} before; need {context + horizon} for one window (task.context {context} "
        f"+ task.horizon {horizon}{strided}), its targets in that span, for training its context "
        "too; shorten them, change data.split or bring a longer table"
    )
