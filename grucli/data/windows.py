"""Samples: positions into one tensor, gathered a batch at a time.

Suffixes: N rows of the panel, B windows of a batch, T context, K horizon, C columns.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from grucli.data.panel import Panel, last_observed
from grucli.data.scaling import Scaler
from grucli.data.split import Span
from grucli.errors import DataError


@dataclass(frozen=True)
class Batch:
    """``context`` [B, T, C_in], ``target`` [B, K, C_out], both scaled.

    ``weight`` [B, K, C_out] is true where the target was measured; None where all were.
    """

    context: Tensor
    target: Tensor
    weight: Tensor | None


@dataclass(frozen=True)
class Windows:
    """All windows of a span.

    ``values`` [N, C] are the scaled columns (targets, past, flags), ``starts`` the first row of
    each context. ``observed`` [N, C_out] is None when every value was measured; ``carried`` [N, C]
    holds, for linearly filled panels, the row of the newest measured value.
    """

    values: Tensor
    starts: Tensor
    context_steps: int
    horizon_steps: int
    targets: int
    observed: Tensor | None = None
    carried: Tensor | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, index: Tensor) -> Batch:
        """The windows at positions ``index`` [B] as one batch on the device."""
        steps = self.context_steps + self.horizon_steps
        offsets = torch.arange(steps, device=self.values.device)
        rows_BL = self.starts[index.to(self.values.device)].unsqueeze(1) + offsets
        window_BLC = self.values[rows_BL]
        context = window_BLC[:, : self.context_steps]
        target = window_BLC[:, self.context_steps :, : self.targets]
        if self.carried is not None:
            context = self._without_hindsight(context, rows_BL[:, : self.context_steps])
        weight = None
        if self.observed is not None:
            weight = self.observed[rows_BL[:, self.context_steps :]]
        return Batch(context, target, weight)

    def _without_hindsight(self, context: Tensor, rows_BT: Tensor) -> Tensor:
        """Carry forward what is still open at the end of a context.

        A line drawn across such a gap would lead to a value from beyond the context.
        """
        assert self.carried is not None
        newest_BC = self.carried[rows_BT[:, -1]]
        kept_BC = self.values[:, : newest_BC.shape[1]].gather(0, newest_BC)
        columns = newest_BC.shape[1]
        is_open_BTC = rows_BT.unsqueeze(2) > newest_BC.unsqueeze(1)
        values = torch.where(is_open_BTC, kept_BC.unsqueeze(1), context[..., :columns])
        return torch.cat([values, context[..., columns:]], dim=-1)


def _scaled_columns(panel: Panel, scaler: Scaler, *, flags: bool) -> Tensor:
    """Scaled values in float32, with a column of flags for each when asked for: [N, C]."""
    scaled = scaler.scale(panel.values)
    if flags:
        scaled = np.concatenate([scaled, panel.observed], axis=1)
    return torch.from_numpy(scaled.astype(np.float32))


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
    """All windows whose targets lie in ``span``, ``stride`` rows apart.

    A context lies in the span too, or with ``lookback`` may begin before it. Raises DataError when
    there is not a single window.
    """
    first = span.start - context_steps if lookback else span.start
    first += -(min(first, 0) // stride) * stride
    last = span.stop - context_steps - horizon_steps
    if last < first:
        have = span.stop if lookback else len(span)
        raise DataError(
            f"{panel.source}: rows {span.start + 1} to {span.stop} give no window: have {have} "
            f"rows with what may be looked back to, need {context_steps + horizon_steps} "
            f"(task.context {context_steps} + task.horizon {horizon_steps}) and "
            f"{horizon_steps} of them in the span; shorten them or change data.split"
        )
    complete = bool(panel.observed.all())
    observed = None if complete else torch.from_numpy(panel.observed[:, :targets])
    carried = None
    if panel.missing == "linear" and not complete:
        carried = torch.from_numpy(last_observed(panel.observed)).to(device)
    return Windows(
        values=_scaled_columns(panel, scaler, flags=flags).to(device),
        starts=torch.arange(first, last + 1, stride, device=device),
        context_steps=context_steps,
        horizon_steps=horizon_steps,
        targets=targets,
        observed=None if observed is None else observed.to(device),
        carried=carried,
    )


def latest_context(
    panel: Panel, scaler: Scaler, *, context_steps: int, flags: bool, device: torch.device
) -> Tensor:
    """The newest rows as one scaled context [1, T, C_in]. Raises DataError if there are too few."""
    rows = len(panel.values)
    if rows < context_steps:
        raise DataError(
            f"{panel.source}: has {rows} rows of history; the model reads {context_steps}; "
            "bring a longer table"
        )
    return _scaled_columns(panel, scaler, flags=flags)[-context_steps:].unsqueeze(0).to(device)
