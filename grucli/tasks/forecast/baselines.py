"""Forecasters to be beaten: naive, seasonal naive, drift and ridge regression.

Each maps a scaled context [B, T, C_in] to a forecast [B, K, C_out], as a trained model does, and is
scored by the same code.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.columns import Columns
from grucli.tasks.forecast.samples import Windows

Predictor = Callable[[Tensor], Tensor]

RIDGE_PENALTIES = (1e-3, 1e-1, 1e1, 1e3)
RIDGE_LAGS = 1024
"""Ridge sees at most this many numbers of a context: the newest rows."""
RIDGE_BATCH = 2048
RIDGE_CELLS = 1 << 22
"""Ridge reads at most so many windows at a time, and at most about so many numbers of them."""


def naive(horizon: int, columns: Columns) -> Predictor:
    """Repeat the last value."""
    places = columns.target_places
    return lambda context: context[:, -1:, places].expand(-1, horizon, -1)


def seasonal_naive(horizon: int, columns: Columns, season: int) -> Predictor:
    """Repeat the last season, which the context must hold."""
    back = [season - step % season for step in range(horizon)]
    places = columns.target_places
    return lambda context: torch.stack([context[:, -lag, places] for lag in back], dim=1)


def drift(horizon: int, columns: Columns) -> Predictor:
    """Go on along the line from the first to the last value of the context."""
    places = columns.target_places

    def predict(context: Tensor) -> Tensor:
        first, last = context[:, :1, places], context[:, -1:, places]
        slope = (last - first) / max(1, context.shape[1] - 1)
        steps = torch.arange(1, horizon + 1, device=context.device, dtype=context.dtype)
        return last + slope * steps[:, None]

    return predict


@dataclass(frozen=True)
class Ridge:
    """Ridge regression of every future step on the context, last values taken off first.

    ``coefficients[c]`` [features + 1, K] belongs to target c. With ``joint`` the features of a
    target are the contexts of all columns, otherwise its own.
    """

    coefficients: Tensor
    columns: Columns
    joint: bool
    lags: int

    def __call__(self, context: Tensor) -> Tensor:
        """Forecast [B, K, C_out] of a context [B, T, C_in]."""
        last = context[:, -1:, self.columns.target_places]
        features = _features(context, self.columns, joint=self.joint, lags=self.lags)
        forecast = torch.einsum("bcf,cfk->bkc", features, self.coefficients)
        return (forecast + last.double()).to(context.dtype)


def _features(context: Tensor, columns: Columns, *, joint: bool, lags: int) -> Tensor:
    """Context as float64 features with a one: [B, C_out, F + 1]; [B, 1, F + 1] when joint."""
    places = columns.target_places
    own = (context[:, -lags:, places] - context[:, -1:, places]).double()
    rows = own.transpose(1, 2)
    if joint:
        others = context[:, -lags:, columns.other_places].double().transpose(1, 2)
        both = torch.cat([rows, others], dim=1).flatten(1)
        rows = both.unsqueeze(1).expand(-1, len(columns.targets), -1)
    one = rows.new_ones((*rows.shape[:-1], 1))
    return torch.cat([rows, one], dim=-1)


def _batches(windows: Windows) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Context, target less the last value (float64), and which targets are wholly measured."""
    columns = windows.columns
    numbers = windows.context_steps * len(columns.names)
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
        yield batch.context, change, whole


def _normal_equations(windows: Windows, *, joint: bool, lags: int) -> tuple[Tensor, Tensor]:
    """Sums of x x^T [C, F, F] and x y^T [C, F, K] over the windows, by target column."""
    gram: Tensor | None = None
    cross: Tensor | None = None
    for context, change, whole in _batches(windows):
        x = _features(context, windows.columns, joint=joint, lags=lags) * whole.unsqueeze(-1)
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
    ``RIDGE_LAGS`` numbers) the contexts of all columns.
    """
    columns = train.columns
    width = len(columns.names)
    candidates: list[tuple[float, Ridge]] = []
    choices = [(False, min(train.context_steps, RIDGE_LAGS))]
    if width > 1 and train.context_steps * width <= RIDGE_LAGS:
        choices.append((True, train.context_steps))
    for joint, lags in choices:
        gram, cross = _normal_equations(train, joint=joint, lags=lags)
        eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
        for penalty in RIDGE_PENALTIES:
            solution = _solve_each(gram + penalty * eye, cross)
            ridge = Ridge(solution, columns, joint, lags)
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
    for context, change, whole in _batches(windows):
        last = context[:, -1:, ridge.columns.target_places].double()
        forecast = ridge(context).double() - last
        error = (forecast - change).square().sum(dim=1)
        total += float((error * whole).sum())
    return total
