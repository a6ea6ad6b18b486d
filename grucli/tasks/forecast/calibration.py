"""How far forecasts were off on the validation span, from which intervals are made.

Split conformal prediction (Papadopoulos et al. 2002; Lei et al. 2018, arXiv 1604.04173): errors are
divided by the spread that the model expects of them, so that an interval widens with its window.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grucli.errors import CheckpointError, UsageError
from grucli.forms import Array, Form
from grucli.nn import Forecaster
from grucli.tasks.batches import evaluation_size
from grucli.tasks.forecast.samples import Windows

GRID = np.arange(1, 200) / 2
"""Levels in per cent of which the errors are kept; one between them takes the next above."""
MOST_ERRORS = 1 << 25
"""Of more errors than this, those of windows spread evenly over the span are looked at."""
USUAL_LEVELS = (80.0, 95.0)


def errors_form(horizon: int, targets: int) -> Form:
    """What a checkpoint keeps of the errors of a model of so many steps and targets."""
    return Array(("float32",), (len(GRID), horizon, targets))


@dataclass(frozen=True, eq=False)
class Calibration:
    """``errors`` [G, K, C]: of the n errors |y - f| / spread at a horizon step and target, the one
    of rank ceil((n + 1) level), for each level of ``GRID``; infinite where n is too small for that.

    So many of the intervals f +- error * spread hold the truth that comes: at least ``level`` of
    them, and less than 1 / (n + 1) more, where windows to come are like those of the span and do
    not overlap.
    """

    errors: NDArray[np.float32]

    @classmethod
    def measure(cls, model: Forecaster, windows: Windows) -> "Calibration":
        """That of the windows of the validation span; values that were never measured are left out.

        Windows are counted alike, whatever their series.
        """
        values = windows.horizon_steps * len(windows.columns.targets)
        count = min(len(windows), max(1, MOST_ERRORS // values))
        places = torch.linspace(0, len(windows) - 1, count).round().long()
        size = evaluation_size(windows.steps, model.width)
        model.eval()
        errors = [_errors(model, windows, some) for some in torch.split(places, size)]
        return cls(_at_ranks(np.sort(np.concatenate(errors), axis=0)))

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Calibration":
        """That of a checkpoint, whose form was seen to. Raises CheckpointError."""
        errors = plain["errors"]
        if not ((errors >= 0).all() and (errors[1:] >= errors[:-1]).all()):
            raise CheckpointError(
                "calibration.errors: expected numbers from 0 that rise from level to level; the "
                "file was changed"
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

    def half_widths(self, level: float) -> NDArray[np.float64]:
        """What is added to and taken off forecasts, as a multiple of their spread: [K, C].

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


@torch.inference_mode()
def _errors(model: Forecaster, windows: Windows, places: torch.Tensor) -> NDArray[np.float32]:
    """|y - f| / spread of the windows at these places, NaN where nothing was measured."""
    batch = windows.gather(places)
    made = model.distribution(batch.context, batch.future)
    errors = (batch.target - made.point).abs() / made.spread
    if batch.weight is not None:
        errors = errors.where(batch.weight, torch.nan)
    return errors.float().cpu().numpy()


def _at_ranks(sorted_NKC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of errors in ascending order, NaN last, those at the ranks of the grid."""
    count_KC = (~np.isnan(sorted_NKC)).sum(axis=0)
    rank_GKC = np.ceil((count_KC + 1) * GRID[:, None, None] / 100).astype(np.int64)
    picked = np.take_along_axis(sorted_NKC, np.minimum(rank_GKC, len(sorted_NKC)) - 1, axis=0)
    return np.where(rank_GKC <= count_KC, picked, np.float32(np.inf))


def usual_levels(calibration: Calibration) -> Sequence[float]:
    """The levels that are shown where nobody asks for any."""
    return [level for level in USUAL_LEVELS if level <= calibration.highest_level]
