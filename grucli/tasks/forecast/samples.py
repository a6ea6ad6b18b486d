"""What a forecast is learned from: a context, and the horizon after it, cut from a panel.

Suffixes: B windows of a batch, T context, K horizon, C columns.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data import Panel, PanelTensors, Samples, Scaler, Span
from grucli.data.tensors import scaled_columns, take_runs
from grucli.errors import DataError
from grucli.recipe import ForecastRecipe
from grucli.tensors import Tensor, torch


class Batch(NamedTuple):
    """``context`` [B, T, C_in], ``target`` [B, K, C_out], both scaled.

    ``weight`` [B, K, C_out] is true where the target was measured; None where all were.
    ``future`` [B, K, F] is what is known of the horizon in advance; None where nothing is.
    """

    context: Tensor
    target: Tensor
    weight: Tensor | None
    future: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of ``context_steps`` and then ``horizon_steps`` rows, none of them across series."""

    data: PanelTensors
    samples: Samples
    context_steps: int
    horizon_steps: int

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def columns(self) -> Columns:
        """Who stands where in a row of a context."""
        return self.data.panel.columns

    @property
    def steps(self) -> int:
        """Steps that a model reads of each."""
        return self.context_steps

    def inputs(self, index: Tensor) -> tuple[Tensor, ...]:
        """Contexts, and known futures if any, of the windows at positions ``index`` [B]."""
        batch = self.gather(index)
        return (batch.context,) if batch.future is None else (batch.context, batch.future)

    def gather(self, index: Tensor) -> Batch:
        """The windows at positions ``index`` [B] as one batch on the device."""
        scaled, age = self.data.scaled, self.data.age
        first_B = self.samples.starts(index).to(scaled.device)
        rows = take_runs(scaled, first_B, self.context_steps + self.horizon_steps)
        context, horizon = rows[:, : self.context_steps], rows[:, self.context_steps :]
        weight = None
        if age is not None:
            ahead_B = first_B + self.context_steps
            age_BKC = take_runs(age, ahead_B, self.horizon_steps)
            weight = age_BKC[..., self.columns.target_places] == 0
            if "linear" in self.data.panel.missing:
                context = self._without_hindsight(context, first_B, age)
                horizon = self._carried(ahead_B, age_BKC)
        target = horizon[..., self.columns.target_places]
        future = horizon[..., self.columns.ahead_places] if self.columns.ahead else None
        return Batch(context, target, weight, future)

    def truth(self, index: Tensor) -> Tensor:
        """The targets at positions ``index`` [B] in original units, float64 [B, K, C_out]."""
        first_B = self.samples.starts(index) + self.context_steps
        rows = take_runs(self.data.original, first_B, self.horizon_steps)
        return rows[..., self.columns.target_places].to(self.data.scaled.device)

    def _carried(self, first_B: Tensor, age_BKC: Tensor) -> Tensor:
        """A horizon with gaps carried forward: what a decoder reads must not know what follows."""
        steps = torch.arange(self.horizon_steps, device=first_B.device)
        newest_BKC = (first_B[:, None] + steps)[..., None] - age_BKC.long()
        flat = newest_BKC.flatten(0, 1)
        values = self.data.scaled[:, : age_BKC.shape[-1]]
        return values.gather(0, flat).view_as(newest_BKC)

    def _without_hindsight(self, context_BTC: Tensor, first_B: Tensor, age: Tensor) -> Tensor:
        """Carry forward what is still open at the end of a context.

        A line drawn across such a gap would lead to a value from beyond the context.
        """
        steps = torch.arange(self.context_steps, device=first_B.device)
        last_B = first_B + self.context_steps - 1
        newest_BC = last_B[:, None] - age.index_select(0, last_B).long()
        kept_BC = self.data.scaled.gather(0, newest_BC)
        is_open_BTC = (first_B[:, None] + steps)[..., None] > newest_BC[:, None]
        return torch.where(is_open_BTC, kept_BC[:, None], context_BTC)


def build_windows(
    data: PanelTensors, span: Span, task: ForecastRecipe, *, lookback: bool = False
) -> Windows:
    """All windows whose targets lie in ``span``.

    Windows begin at multiples of ``task.stride``, counted from the first row of their series, so
    that episodes of ``stride`` rows stay whole in every span. A context lies in the span too, or
    with ``lookback`` may begin before it. A series without one is left out. Raises DataError when
    there is not a single window.
    """
    origin = data.panel.bounds[:-1]
    first = np.maximum(origin, span.start - task.context) if lookback else span.start
    end = np.where(span.stop > span.start, span.stop - task.context - task.horizon + 1, first)
    samples = Samples.between(first, end, origin=origin, stride=task.stride)
    if not len(samples):
        raise DataError(_too_short(data.panel, span, task))
    return Windows(data, samples, task.context, task.horizon)


def long_enough(panel: Panel, context_steps: int) -> NDArray[np.int64]:
    """The numbers of the series with a whole context of history.

    Raises DataError where there is none.
    """
    lengths = np.diff(panel.bounds)
    if lengths.max() < context_steps:
        longest = " in the longest series" if panel.series > 1 else ""
        raise DataError(
            f"{panel.source}: {lengths.max()} rows of history{longest}; the model reads "
            f"{context_steps} (task.context); bring a longer table"
        )
    return np.flatnonzero(lengths >= context_steps)


def latest_contexts(
    panel: Panel, scaler: Scaler, *, context_steps: int, device: torch.device
) -> Tensor:
    """The newest rows of every series that is ``long_enough`` as scaled contexts [S, T, C_in]."""
    first_S = panel.bounds[1:][long_enough(panel, context_steps)] - context_steps
    scaled = torch.from_numpy(scaled_columns(panel, scaler))
    return take_runs(scaled, torch.from_numpy(first_S), context_steps).to(device)


def _too_short(panel: Panel, span: Span, task: ForecastRecipe) -> str:
    longest = int(np.argmax(span.stop - span.start))
    start, stop = int(span.start[longest]), int(span.stop[longest])
    first, last = (panel.frequency.format(panel.timestamps[row]) for row in (start, stop - 1))
    strided = f", at a multiple of task.stride {task.stride}" if task.stride > 1 else ""
    series = f", of {panel.series} series the longest," if panel.series > 1 else ""
    return (
        f"{panel.source}: no window ends between {first} and {last}: have{series} "
        f"{stop - start} rows there and {start - panel.bounds[longest]} before; need "
        f"{task.context + task.horizon} for one window (task.context {task.context} + task.horizon "
        f"{task.horizon}{strided}), its targets in that span, for training its context "
        "too; shorten them, change data.split or bring a longer table"
    )
