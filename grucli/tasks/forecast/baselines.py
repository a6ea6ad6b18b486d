"""Forecasters to be beaten: naive, seasonal naive, drift and ridge regression.

Each maps a scaled context [B, T, C_in], and what is known of the horizon [B, K, F] or None, to a
forecast [B, K, C_out], as a trained model does, and is scored by the same code.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grucli.columns import Columns
from grucli.tasks.forecast.samples import Batch, Windows

Predictor = Callable[[Tensor, Tensor | None], Tensor]

RIDGE_PENALTIES = (1e-3, 1e-1, 1e1, 1e3)
RIDGE_LAGS = 1024
"""Ridge sees at most this many numbers of a context: the newest rows."""
RIDGE_BATCH = 2048
RIDGE_CELLS = 1 << 22
"""Ridge reads at most so many windows at a time, and at most about so many numbers of them."""


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
class Features:
    """What ridge regression sees of a window: the last ``lags`` values of a target itself.

    With ``joint`` those of all columns, but of what the calendar gives: of that, as of every column
    known in advance, it sees the horizon. Static columns count once.
    """

    columns: Columns
    lags: int
    joint: bool

    @classmethod
    def of_all(cls, windows: Windows) -> "Features | None":
        """All columns within ``RIDGE_LAGS`` numbers; None where the contexts leave no room.

        Of contexts that do not fit, the newest rows are seen where something is known in advance.
        """
        columns, steps = windows.columns, windows.context_steps
        whole = cls(columns, steps, joint=True)
        known = windows.horizon_steps * len(columns.ahead) + len(whole._once)
        lags = min(steps, (RIDGE_LAGS - known) // len(whole._lagged))
        if lags < 1 or (lags < steps and not columns.ahead):
            return None
        return replace(whole, lags=lags)

    @property
    def _lagged(self) -> list[int]:
        """Places of the columns that are seen at every lag."""
        places = range(len(self.columns.names))
        left_out = {*places[self.columns.calendar_places], *self._once}
        return [place for place in places if place not in left_out]

    @property
    def _once(self) -> list[int]:
        return list(range(len(self.columns.names))[self.columns.static_places])

    def of(self, context: Tensor, future: Tensor | None) -> Tensor:
        """In float64 with a one: [B, C_out, F + 1]; the same for all targets when joint."""
        places, lags = self.columns.target_places, self.lags
        own = (context[:, -lags:, places] - context[:, -1:, places]).double()
        rows = own.transpose(1, 2)
        if self.joint:
            others = context[:, -lags:, self._lagged[places.stop :]].double().transpose(1, 2)
            parts = [torch.cat([rows, others], dim=1).flatten(1)]
            if future is not None:
                parts.append(future.double().flatten(1))
            if self._once:
                parts.append(context[:, -1, self._once].double())
            rows = torch.cat(parts, dim=1).unsqueeze(1).expand(-1, len(self.columns.targets), -1)
        one = rows.new_ones((*rows.shape[:-1], 1))
        return torch.cat([rows, one], dim=-1)


@dataclass(frozen=True)
class Ridge:
    """Ridge regression of every future step on the context, last values taken off first.

    ``coefficients[c]`` [features + 1, K] belongs to target c.
    """

    coefficients: Tensor
    features: Features

    def __call__(self, context: Tensor, future: Tensor | None) -> Tensor:
        """Forecast [B, K, C_out] of a context [B, T, C_in] and what is known of the horizon."""
        last = context[:, -1:, self.features.columns.target_places]
        features = self.features.of(context, future)
        forecast = torch.einsum("bcf,cfk->bkc", features, self.coefficients)
        return (forecast + last.double()).to(context.dtype)


def _batches(windows: Windows) -> Iterator[tuple[Batch, Tensor, Tensor]]:
    """Windows, targets less the last value (float64), and which targets are wholly measured."""
    columns = windows.columns
    numbers = windows.context_steps * len(columns.names)
    numbers += windows.horizon_steps * len(columns.ahead)
    widest = max(numbers, len(columns.targets) * min(numbers, RIDGE_LAGS))
    size = max(1, min(RIDGE_BATCH, RIDGE_CELLS // widest))
    for rows in torch.split(torch.arange(len(windows)), size):
        batch = windows.gather(rows)
        change = (batch.target - batch.context[:, -1:, columns.target_places]).double()
        whole = (
            torch.ones_like(change[:, 0], dtype=torch.bool)
            if batch.weight is None
            else batch.weight.all(dim=1)
        )
        yield batch, change, whole


def _normal_equations(windows: Windows, features: Features) -> tuple[Tensor, Tensor]:
    """Sums of x x^T [C, F, F] and x y^T [C, F, K] over the windows, by target column."""
    gram: Tensor | None = None
    cross: Tensor | None = None
    for batch, change, whole in _batches(windows):
        x = features.of(batch.context, batch.future) * whole.unsqueeze(-1)
        gram_part = torch.einsum("bcf,bcg->cfg", x, x)
        cross_part = torch.einsum("bcf,bkc->cfk", x, change)
        gram = gram_part if gram is None else gram + gram_part
        cross = cross_part if cross is None else cross + cross_part
    if gram is None or cross is None:
        raise ValueError("no windows to fit ridge regression on")
    return gram, cross


@torch.inference_mode()
def fit_ridge(train: Windows, valid: Windows) -> Ridge:
    """Fit on the training windows; penalty and features are picked on the validation windows.

    Two sets of features are tried: a target's own context, and (where that stays within
    ``RIDGE_LAGS`` numbers) all columns.
    """
    columns = train.columns
    candidates: list[tuple[float, Ridge]] = []
    choices = [Features(columns, min(train.context_steps, RIDGE_LAGS), joint=False)]
    joint = Features.of_all(train) if len(columns.names) > 1 else None
    choices += [] if joint is None else [joint]
    for features in choices:
        gram, cross = _normal_equations(train, features)
        eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
        for penalty in RIDGE_PENALTIES:
            solution = _solve_each(gram + penalty * eye, cross)
            ridge = Ridge(solution, features)
            candidates.append((_squared_error(ridge, valid), ridge))
    return min(candidates, key=lambda candidate: candidate[0])[1]


def _solve_each(a_CFF: Tensor, b_CFK: Tensor) -> Tensor:
    """Solve a x = b for each column on its own.

    Not as one batch: with several threads torch then gets wrong pivots from MKL for 151 unknowns
    and more, and fails or gives wrong numbers (github.com/pytorch/pytorch/issues/142815).
    """
    return torch.stack([torch.linalg.solve(a, b) for a, b in zip(a_CFF, b_CFK, strict=True)])


def _squared_error(ridge: Ridge, windows: Windows) -> float:
    """Sum of squared errors over wholly measured targets."""
    total = 0.0
    for batch, change, whole in _batches(windows):
        last = batch.context[:, -1:, windows.columns.target_places].double()
        forecast = ridge(batch.context, batch.future).double() - last
        error = (forecast - change).square().sum(dim=1)
        total += float((error * whole).sum())
    return total


@dataclass(frozen=True)
class Setting:
    """What baselines are made for: the windows to forecast, and those to learn from if any.

    ``fit_on`` has the training and the validation windows; ``season`` is in steps.
    """

    windows: Windows
    season: int | None
    fit_on: tuple[Windows, Windows] | None

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
    return None if setting.fit_on is None else fit_ridge(*setting.fit_on)


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
