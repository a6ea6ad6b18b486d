"""Rows that are not what was forecast of them one step before: anomalies.

Suffixes: B windows, C targets, N rows of the panel, G levels.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data import build_tensors, whole_span
from grucli.errors import CheckpointError, UsageError
from grucli.forms import Array, Form
from grucli.nn import Forecaster
from grucli.results import Anomalies
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.forecast.calibration import GRID
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.samples import Windows, build_windows
from grucli.tasks.precision import float32_digits, original
from grucli.tensors import Tensor, torch
from grucli.text import plural

Floats = NDArray[np.float64]
USUAL = 68.5
"""The level of the usual error: as many of the errors of a normal distribution lie within one
standard deviation."""


def surprise_form(targets: int) -> Form:
    """What a checkpoint keeps of the errors of the first step."""
    return Array(("float32",), (len(GRID), targets))


@dataclass(frozen=True, eq=False)
class Surprise:
    """``errors`` [G, C]: of the n errors |y - f| / spread of the first step of a target, the one of
    rank ceil((n + 1) level) for each of ``GRID``; infinite where n is too small for that.
    """

    errors: NDArray[np.float32]

    @classmethod
    def measure(cls, model: Forecaster, windows: Windows) -> "Surprise | None":
        """That of the windows of the validation span; what was never measured is left out.

        None where they are too few to tell the usual error of a target.
        """
        parts = [errors for _, _, errors in _first_steps(model, windows)]
        errors_BC = np.abs(np.concatenate(parts))
        known = [column[~np.isnan(column)] for column in errors_BC.T]
        columns = [_at_ranks(np.sort(own)) for own in known]
        found = cls(np.stack(columns, axis=1).astype(np.float32))
        return found if np.isfinite(found.usual).all() else None

    @classmethod
    def of_plain(cls, kept: Mapping[str, Any] | None) -> "Surprise":
        """That of a checkpoint, whose form was seen to. Raises UsageError where it has none."""
        if kept is None or "first" not in kept:
            raise UsageError(
                "--anomaly: the checkpoint keeps no errors of the first step: an older grucli "
                "wrote it, or training was not finished; train again to have scores"
            )
        errors = kept["first"]
        if not ((errors >= 0).all() and (errors[1:] >= errors[:-1]).all()):
            raise CheckpointError(
                "calibration.first: expected numbers from 0 that rise from level to level; the "
                "file was changed"
            )
        return cls(errors)

    @property
    def least(self) -> list[float]:
        """The least p-value that the validation span can tell, of each target."""
        known = np.where(np.isfinite(self.errors), GRID[:, None], 0.0)
        return [(100 - level) / 100 for level in known.max(axis=0).tolist()]

    @property
    def usual(self) -> Floats:
        """The usual error of each target, [C]."""
        return np.asarray(self.errors[GRID == USUAL][0], np.float64)

    def scores(self, errors_NC: Floats) -> Floats:
        """Errors as multiples of the usual one; 0 for none where that is 0, infinite for some."""
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = errors_NC / self.usual
        return np.where(errors_NC == 0, 0.0, scores)

    def p_values(self, errors_NC: Floats) -> Floats:
        """The share of the errors on the validation span that were as large; NaN stays.

        Of an error like those the chance of one as small as ``p`` is at most ``p``.
        """
        below = [
            np.searchsorted(own, np.abs(errors), side="left")
            for own, errors in zip(self.errors.T, errors_NC.T, strict=True)
        ]
        shares = np.concatenate([[100.0], 100 - GRID])[np.stack(below, axis=1)] / 100
        return np.where(np.isnan(errors_NC), np.nan, shares)


def _at_ranks(ascending: Floats) -> Floats:
    """Of errors [n] those at the ranks of ``GRID``."""
    ranks = np.ceil((len(ascending) + 1) * GRID / 100).astype(np.int64)
    return np.append(ascending, np.inf)[np.minimum(ranks - 1, len(ascending))]


@torch.inference_mode()
def _first_steps(model: Forecaster, windows: Windows) -> Iterator[tuple[Tensor, Tensor, Floats]]:
    """Batch by batch the positions [B], forecasts of the first step [B, C], and its errors.

    Errors are divided by the spread that the model expects, NaN where nothing was measured.
    """
    windows = replace(windows, horizon_steps=1)
    model.eval()
    for index in evaluation_batches(windows, model.width):
        batch = windows.gather(index)
        future = None if batch.future is None else batch.future.expand(-1, model.horizon, -1)
        made = model.distribution(batch.context, future)
        point = made.point[:, 0]
        spread = made.spread.expand_as(made.point)[:, 0]
        error = (batch.target[:, 0] - point).double() / spread
        if batch.weight is not None:
            error = error.where(batch.weight[:, 0], torch.nan)
        yield index, point.double().cpu(), error.cpu().numpy()


def anomaly_table(
    model: Forecaster, data: ForecastData, kept: Mapping[str, Any] | None
) -> Anomalies:
    """Every row of a table beside its forecast one step ahead; ``kept`` is what was calibrated.

    Rows in the first context of a series, and those without a measured value, have no score.
    Raises UsageError for a checkpoint that keeps no errors.
    """
    surprise, panel, names = Surprise.of_plain(kept), data.panel, data.panel.columns.targets
    expected, errors = _each_row(model, data)
    places = panel.columns.target_places
    values = np.where(panel.observed[:, places], panel.values[:, places], np.nan)
    p_values = surprise.p_values(errors)
    series = panel.series_of(np.arange(len(values))).tolist()
    return Anomalies(
        time=panel.time,
        timestamps=tuple(map(panel.frequency.format, panel.timestamps)),
        columns=names,
        values=_by_target(names, values),
        expected=_by_target(names, expected),
        scores=_by_target(names, float32_digits(surprise.scores(errors))),
        p_values=_by_target(names, p_values),
        ids={
            name: tuple(panel.texts[name][place] for place in series)
            for name in data.recipe.data.series
        },
        notes=tuple(map(_rare, names, p_values.T, surprise.least)),
    )


def _each_row(model: Forecaster, data: ForecastData) -> tuple[Floats, Floats]:
    """What was expected of each row [N, C] in original units, and its error; NaN without."""
    panel, scaler = data.panel, data.scaler("all")
    task = data.recipe.forecast.model_copy(update={"horizon": 1, "stride": 1})
    tensors = build_tensors(panel, scaler, torch.device(data.device))
    windows = build_windows(tensors, whole_span(panel), task)
    own = scaler.only(panel.columns.targets)
    expected, errors = np.full((2, len(panel.values), len(own.columns)), np.nan)
    for index, point, error in _first_steps(model, windows):
        rows = (windows.samples.starts(index) + task.context).numpy()
        expected[rows] = original(own.at(panel.series_of(rows)), point).numpy()
        errors[rows] = error
    return expected, errors


def _by_target(names: Sequence[str], table_NC: Floats) -> dict[str, tuple[float | None, ...]]:
    """The columns of a table by name, None for NaN."""
    return {
        name: tuple(None if math.isnan(value) else value for value in column.tolist())
        for name, column in zip(names, table_NC.T, strict=True)
    }


def _rare(name: str, p_values: Floats, least: float) -> str:
    """How many rows are further off than any of the validation span should be."""
    scored, rare = int((~np.isnan(p_values)).sum()), int((p_values <= least).sum())
    return (
        f"{name}: {rare} of {plural(scored, 'scored row')} with the least p-value that the "
        f"validation span can tell, {least:g}"
    )
