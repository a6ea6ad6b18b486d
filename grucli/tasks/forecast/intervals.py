"""Intervals around forecasts, and how many of them hold the truth.

Suffixes: B windows, K horizon steps, C targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grucli.data import Scaler
from grucli.errors import UsageError
from grucli.nn.heads import MEDIAN, Distribution, Quantiles
from grucli.results import IntervalScore
from grucli.tasks.forecast.calibration import (
    Calibration,
    base_of,
    central,
    levels_within,
    usual_levels,
)
from grucli.tasks.precision import shortest
from grucli.tasks.task import Intervals
from grucli.tensors import Tensor, torch

NOT_CALIBRATED = (
    "the checkpoint was not calibrated: an older grucli wrote it, or training was not finished; "
    "train again to have intervals"
)
TOO_FEW = (
    "no intervals: the validation span has too few windows; a larger data.split.valid has more"
)


@dataclass(frozen=True)
class Bounds:
    """The ends of the intervals of some ``levels``, in per cent."""

    calibration: Calibration | None
    levels: tuple[float, ...]

    @classmethod
    def of(cls, asked: Intervals, *, steps: int, trained: int) -> "Bounds":
        """Those that are asked for. Raises UsageError where there are none for so many steps."""
        kept = None if asked.kept is None else Calibration.of_plain(asked.kept)
        levels = tuple(dict.fromkeys(asked.levels))
        if not levels:
            return cls(kept, ())
        if kept is None:
            raise UsageError(f"--level {levels[0]:g}: {NOT_CALIBRATED}")
        if steps > trained:
            raise UsageError(
                f"--level {levels[0]:g}: errors are known of the {trained} steps that the model "
                f"was trained on, not of {steps}; ask for fewer steps or leave --level out"
            )
        for level in levels:
            kept.margins(level)
        return cls(kept, levels)

    @property
    def or_usual(self) -> "Bounds":
        """The same, or those of the usual levels where nobody asked for any."""
        if self.levels or self.calibration is None:
            return self
        return Bounds(self.calibration, tuple(usual_levels(self.calibration)))

    def ends(self, level: float, made: Distribution, own: Scaler) -> list[Tensor]:
        """Lower and upper end, [B, K, C] each in original units: what the forecast says, moved by
        the margins of the calibration, never beyond the forecast itself, and around those of lower
        levels.

        ``made`` is what a model says, in scaled units; ``own`` is the scaler of the targets of
        these windows.
        """
        assert self.calibration is not None
        lowest = highest = made.point.double()
        for each in levels_within(level):
            margin_KC = torch.from_numpy(self.calibration.margins(each)).to(lowest.device)
            margin = margin_KC * made.spread.double()
            low, high = central(made, base_of(each))
            lowest = torch.minimum(low.double() - margin, lowest)
            highest = torch.maximum(high.double() + margin, highest)
        return [own.unscale(end) for end in made.settled(lowest, highest)]

    def columns(self, made: Distribution, own: Scaler) -> dict[str, Tensor]:
        """Both ends [B, K] of every level as columns, such as ``y-lo-80``."""
        ends = {
            f"-{side}-{level:g}": values
            for level in self.levels
            for side, values in zip(("lo", "hi"), self.ends(level, made, own), strict=True)
        }
        return _by_target(ends, own)


def quantile_columns(made: Distribution, own: Scaler) -> dict[str, Tensor]:
    """What a forecast of quantiles says as columns [B, K] such as ``y-q-0.9``, but the median;
    {} of another.
    """
    if not isinstance(made, Quantiles):
        return {}
    levels = [level for level in made.levels if level != MEDIAN]
    values = {f"-q-{level:g}": own.unscale(made.quantile(level).double()) for level in levels}
    return _by_target(values, own)


def _by_target(values: Mapping[str, Tensor], own: Scaler) -> dict[str, Tensor]:
    """Values [B, K, C] by the end of a name as columns, all of a target side by side."""
    written = {end: shortest(own, values_BKC) for end, values_BKC in values.items()}
    return {
        name + end: values_BKC[..., place]
        for place, name in enumerate(own.columns)
        for end, values_BKC in written.items()
    }


class IntervalSums:
    """Counts, window by window, how many intervals hold the truth, and how wide they are."""

    def __init__(self, bounds: Bounds, shape: tuple[int, int]) -> None:
        """``shape`` is (horizon steps, targets)."""
        self.bounds, self.count = bounds, np.zeros(shape)
        self.inside = {level: np.zeros(shape) for level in bounds.levels}
        self.width = {level: np.zeros(shape) for level in bounds.levels}

    def add(self, made: Distribution, truth: Tensor, weight: Tensor | None, own: Scaler) -> None:
        """Add windows as ``Bounds.ends`` takes them; truth [B, K, C] in original units, weight true
        where it was measured.
        """
        seen = torch.ones_like(truth, dtype=torch.bool) if weight is None else weight
        self.count += _total(seen)
        for level in self.bounds.levels:
            low, high = self.bounds.ends(level, made, own)
            self.inside[level] += _total((low <= truth) & (truth <= high) & seen)
            self.width[level] += _total((high - low).where(seen, 0.0))

    def read(self) -> tuple[IntervalScore, ...]:
        """The levels in their order."""
        total, steps = self.count.sum(), np.maximum(self.count.sum(axis=1), 1.0)
        return tuple(
            IntervalScore(
                level,
                coverage=float(self.inside[level].sum() / total),
                width=float(self.width[level].sum() / total),
                coverage_by_step=tuple((self.inside[level].sum(axis=1) / steps).tolist()),
            )
            for level in self.bounds.levels
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Why there are none, if so."""
        if self.bounds.levels:
            return ()
        return (NOT_CALIBRATED if self.bounds.calibration is None else TOO_FEW,)


def _total(values: Tensor) -> NDArray[np.float64]:
    """The sum over windows, [K, C]."""
    return values.double().sum(dim=0).cpu().numpy()
