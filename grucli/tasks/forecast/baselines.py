"""Forecasters to be beaten: naive, seasonal naive, drift and ridge regression.

Each maps a scaled context [B, T, C_in], and what is known of the horizon [B, K, F] or None, to a
forecast [B, K, C_out], as a trained model does, and is scored by the same code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grucli.columns import Columns
from grucli.tasks.forecast.ridge_kept import ridge_of
from grucli.tasks.forecast.samples import Windows
from grucli.tensors import Tensor, torch

Predictor = Callable[[Tensor, Tensor | None], Tensor]


def naive(horizon: int, columns: Columns) -> Predictor:
    """Repeat the last value."""
    places = columns.target_places
    return lambda context, _future: context[:, -1:, places].expand(-1, horizon, -1)


def seasonal_naive(horizon: int, columns: Columns, season: int) -> Predictor:
    """Repeat the last season, which the context must hold."""
    back = [season - step % season for step in range(horizon)]
    places = columns.target_places
    return lambda context, _future: torch.stack([context[:, -lag, places] for lag in back], dim=1)


def drift(horizon: int, columns: Columns) -> Predictor:
    """Go on along the line from the first to the last value of the context."""
    places = columns.target_places

    def predict(context: Tensor, _future: Tensor | None) -> Tensor:
        first, last = context[:, :1, places], context[:, -1:, places]
        slope = (last - first) / max(1, context.shape[1] - 1)
        steps = torch.arange(1, horizon + 1, device=context.device, dtype=context.dtype)
        return last + slope * steps[:, None]

    return predict


@dataclass(frozen=True)
class Setting:
    """What baselines are made for: the windows to forecast, and those to learn from if any.

    ``fit_on`` has the training and the validation windows, ``ridge`` what a checkpoint has kept of
    a fit; ``season`` is in steps.
    """

    windows: Windows
    season: int | None
    fit_on: tuple[Windows, Windows] | None
    ridge: Mapping[str, Any] | None = None

    @property
    def horizon(self) -> int:
        """Steps to forecast."""
        return self.windows.horizon_steps

    @property
    def columns(self) -> Columns:
        """Who stands where in a row of a context."""
        return self.windows.columns


def _fitting_season(setting: Setting) -> Predictor | None:
    season = setting.season
    if season is None or season > setting.windows.context_steps:
        return None
    return seasonal_naive(setting.horizon, setting.columns, season)


def _fitted_ridge(setting: Setting) -> Predictor | None:
    return None if setting.fit_on is None else ridge_of(setting.ridge, *setting.fit_on)


BASELINES: dict[str, Callable[[Setting], Predictor | None]] = {
    "naive": lambda setting: naive(setting.horizon, setting.columns),
    "seasonal_naive": _fitting_season,
    "drift": lambda setting: drift(setting.horizon, setting.columns),
    "ridge": _fitted_ridge,
}
"""What makes each baseline, or None where the windows do not admit it; in the order of scores."""


def baseline_predictors(setting: Setting) -> dict[str, Predictor]:
    """The baselines that these windows admit.

    The seasonal one needs a season that fits into the context, ridge windows to learn from.
    """
    made = {name: make(setting) for name, make in BASELINES.items()}
    return {name: predictor for name, predictor in made.items() if predictor is not None}
