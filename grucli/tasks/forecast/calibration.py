"""How far forecasts were off on the validation span, from which intervals are made.

Split conformal prediction (Papadopoulos et al. 2002; Lei et al. 2018, arXiv 1604.04173), of a model
that says how values may come out that of its quantiles (Romano, Patterson & Candes 2019, arXiv
1905.03222): how far the truth lies outside two of them, less than 0 inside. Errors are divided by
the spread that the model expects of them, so that an interval widens with its window.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.errors import CheckpointError, UsageError
from grucli.forms import Array, Form
from grucli.nn import Forecaster
from grucli.nn.heads import Distribution, PointHead
from grucli.tasks.batches import evaluation_size
from grucli.tasks.forecast.samples import Windows
from grucli.tensors import Tensor, torch

GRID = np.arange(1, 200) / 2
"""Levels in per cent of which the errors are kept; one between them takes the next above."""
MOST_ERRORS = 1 << 25
"""Of more errors than this, those of windows spread evenly over the span are looked at."""
USUAL_LEVELS = (80.0, 95.0)
BASES = (50.0, 80.0, 95.0)
"""Levels whose quantiles intervals are made of: each level's begins with those of the nearest."""


def errors_form(horizon: int, targets: int) -> Form:
    """What a checkpoint keeps of the errors of a model of so many steps and targets."""
    return Array(("float32",), (len(GRID), horizon, targets))


@dataclass(frozen=True, eq=False)
class Calibration:
    """``errors`` [G, K, C]: of the n errors max(low - y, y - high) / spread at a horizon step and
    target, the one of rank ceil((n + 1) level), for each level of ``GRID``; infinite where n is too
    small for that. ``low`` and ``high`` are what ``central`` gives, which is the forecast itself of
    a model that says one number: then they are |y - f| / spread.

    So many of the intervals from low - error * spread to high + error * spread hold the truth that
    comes: at least ``level`` of them, and less than 1 / (n + 1) more, where windows to come are
    like those of the span and do not overlap. An interval has those of lower levels in it
    (``levels_within``), and so may hold more.
    """

    errors: NDArray[np.float32]

    @classmethod
    def measure(cls, model: Forecaster, windows: Windows) -> "Calibration":
        """That of the windows of the validation span; values that were never measured are left out.

        Windows are counted alike, whatever their series.
        """
        bases = BASES[:1] if isinstance(model.head, PointHead) else BASES
        values = windows.horizon_steps * len(windows.columns.targets) * len(bases)
        count = min(len(windows), max(1, MOST_ERRORS // values))
        places = torch.linspace(0, len(windows) - 1, count).round().long()
        size = evaluation_size(windows.steps, model.width)
        model.eval()
        parts = [_errors(model, windows, some, bases) for some in torch.split(places, size)]
        errors_BNKC = np.sort(np.concatenate(parts, axis=1), axis=1)
        by_base = [
            _at_ranks(errors_NKC, _levels_of(base, bases))
            for base, errors_NKC in zip(bases, errors_BNKC, strict=True)
        ]
        return cls(np.concatenate(by_base))

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Calibration":
        """That of a checkpoint, whose form was seen to. Raises CheckpointError."""
        errors, of_base = plain["errors"], [base_of(level) for level in GRID]
        rises = (errors[1:] >= errors[:-1]).all(axis=(1, 2))
        if np.isnan(errors).any() or not rises[np.diff(of_base) == 0].all():
            raise CheckpointError(
                "calibration.errors: expected numbers that rise from level to level; the file was "
                "changed"
            )
        return cls(errors)

    def to_plain(self) -> dict[str, Any]:
        """The same for a checkpoint."""
        return {"errors": self.errors}

    @property
    def highest_level(self) -> float:
        """The highest level in per cent that there were windows enough for; 0 without any."""
        known = np.isfinite(self.errors).all(axis=(1, 2))
        return float(GRID[known].max(initial=0.0))

    def margins(self, level: float) -> NDArray[np.float64]:
        """What is added above and taken off below, as a multiple of the spread: [K, C].

        Raises UsageError for a level that there were too few windows for.
        """
        if level > self.highest_level:
            raise UsageError(
                f"--level {level:g}: the errors of the validation span are enough for levels up to "
                f"{self.highest_level:g}; ask for a lower one, or train with a larger "
                "data.split.valid"
            )
        errors: NDArray[np.float32] = self.errors[math.ceil(2 * level) - 1]
        return errors.astype(np.float64)


def base_of(level: float, bases: Sequence[float] = BASES) -> float:
    """The level whose quantiles an interval of a level is made of."""
    return min(bases, key=lambda base: abs(base - level))


def levels_within(level: float) -> tuple[float, ...]:
    """The levels whose intervals together are that of ``level``: the widest that begins with the
    quantiles of each lower base, and its own.

    Each alone covers enough, but those of different bases need not lie one in the other.
    """
    base = base_of(level)
    return (*(max(_levels_of(b, BASES).tolist()) for b in BASES if b < base), level)


def _levels_of(base: float, bases: Sequence[float]) -> NDArray[np.float64]:
    return np.array([level for level in GRID if base_of(level, bases) == base])


def central(made: Distribution, level: float) -> tuple[Tensor, Tensor]:
    """The quantiles [B, K, C] between which the truth is with a chance of ``level`` per cent."""
    outside = (1 - level / 100) / 2
    return made.quantile(outside), made.quantile(1 - outside)


@torch.inference_mode()
def _errors(
    model: Forecaster, windows: Windows, places: Tensor, bases: Sequence[float]
) -> NDArray[np.float32]:
    """The errors of the windows at these places by base, NaN where nothing was measured."""
    batch = windows.gather(places)
    made, truth = model.distribution(batch.context, batch.future), batch.target
    ends = [central(made, base) for base in bases]
    outside = [torch.maximum(low - truth, truth - high) for low, high in ends]
    errors = torch.stack(outside) / made.spread
    if batch.weight is not None:
        errors = errors.where(batch.weight, torch.nan)
    return errors.float().cpu().numpy()


def _at_ranks(
    sorted_NKC: NDArray[np.float32], levels: NDArray[np.float64] = GRID
) -> NDArray[np.float32]:
    """Of errors in ascending order, NaN last, those at the ranks of some levels."""
    count_KC = (~np.isnan(sorted_NKC)).sum(axis=0)
    rank_GKC = np.ceil((count_KC + 1) * levels[:, None, None] / 100).astype(np.int64)
    picked = np.take_along_axis(sorted_NKC, np.minimum(rank_GKC, len(sorted_NKC)) - 1, axis=0)
    return np.where(rank_GKC <= count_KC, picked, np.float32(np.inf))


def usual_levels(calibration: Calibration) -> Sequence[float]:
    """The levels that are shown where nobody asks for any."""
    return [level for level in USUAL_LEVELS if level <= calibration.highest_level]
