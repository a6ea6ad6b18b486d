"""Ridge regression of every step of the horizon on the context, which a model has to beat.

Suffixes: B windows, T context, K horizon, C targets, F features with the one,
G targets that share a matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grucli.tasks.forecast.ridge_features import RIDGE_LAGS, Features
from grucli.tasks.forecast.samples import Batch, Windows
from grucli.tasks.ridge_penalties import RIDGE_PENALTIES
from grucli.tensors import Tensor, torch

RIDGE_BATCH = 2048
RIDGE_CELLS = 1 << 22
"""Ridge reads at most so many windows at a time, and at most about so many numbers of them."""


@dataclass(frozen=True)
class Ridge:
    """Ridge regression of every future step on the context, last values taken off first.

    ``coefficients[c]`` [F, K] belongs to target c.
    """

    coefficients: Tensor
    features: Features

    def __call__(self, context: Tensor, future: Tensor | None) -> Tensor:
        """Forecast [B, K, C] of a context [B, T, C_in] and what is known of the horizon."""
        last = context[:, -1:, self.features.columns.target_places]
        change = self.change(self.features.of(context, future))
        return (change + last.double()).to(context.dtype)

    def change(self, x_BMF: Tensor) -> Tensor:
        """The forecast less the last value, float64 [B, K, C]; M is C, or 1 for all targets."""
        if self.features.joint:
            return torch.einsum("bf,cfk->bkc", x_BMF[:, 0], self.coefficients)
        return torch.einsum("bcf,cfk->bkc", x_BMF, self.coefficients)


def _batches(windows: Windows, lags: int) -> Iterator[tuple[Batch, Tensor, Tensor]]:
    """Windows, targets less the last value (float64), and which targets are wholly measured."""
    columns = windows.columns
    width = len(columns.names) + sum(windows.data.texts.values())
    numbers = windows.context_steps * width + windows.horizon_steps * len(columns.ahead)
    widest = max(numbers, len(columns.targets) * lags)
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


class NormalEquations:
    """Sums over windows of x x^T and x y^T, of the windows that a target is wholly measured in.

    ``cross`` [C, F, K]; ``gram`` [C, F, F] of a target's own features. Of joint ones it is
    [1, F, F] over all windows, and ``lacking`` has what is to be taken off for each target that
    was not measured in all of them.
    """

    def __init__(self, windows: Windows, features: Features) -> None:
        self.is_joint, self.lacking = features.joint, dict[int, Tensor]()
        self.gram: Tensor | float = 0.0
        self.cross: Tensor | float = 0.0
        add = self._add_joint if features.joint else self._add_own
        for batch, change, whole in _batches(windows, features.lags):
            add(features.of(batch.context, batch.future), change, whole)

    def _add_own(self, x_BCF: Tensor, change_BKC: Tensor, whole_BC: Tensor) -> None:
        x_BCF = x_BCF * whole_BC.unsqueeze(-1)
        self.gram = self.gram + torch.einsum("bcf,bcg->cfg", x_BCF, x_BCF)
        self.cross = self.cross + torch.einsum("bcf,bkc->cfk", x_BCF, change_BKC)

    def _add_joint(self, x_B1F: Tensor, change_BKC: Tensor, whole_BC: Tensor) -> None:
        x_BF = x_B1F[:, 0]
        self.gram = self.gram + (x_BF.mT @ x_BF).unsqueeze(0)
        y_BKC = change_BKC * whole_BC.unsqueeze(1)
        self.cross = self.cross + torch.einsum("bf,bkc->cfk", x_BF, y_BKC)
        for target in (~whole_BC).any(dim=0).nonzero().flatten().tolist():
            part_BF = x_BF[~whole_BC[:, target]]
            self.lacking[target] = self.lacking.get(target, 0.0) + part_BF.mT @ part_BF

    def solved(self, penalty: float) -> Tensor:
        """Coefficients [C, F, K]."""
        gram, cross = self.gram, self.cross
        assert isinstance(gram, Tensor)
        assert isinstance(cross, Tensor)
        ridge = penalty * torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
        if not self.is_joint:
            return _solve_each(gram + ridge, cross)
        solution = torch.empty_like(cross)
        alike = [target for target in range(len(cross)) if target not in self.lacking]
        if alike:
            sides_FGK = cross[alike].transpose(0, 1)
            solved = torch.linalg.solve(gram[0] + ridge, sides_FGK.flatten(1))
            solution[alike] = solved.view(sides_FGK.shape).transpose(0, 1)
        for target, lacking in self.lacking.items():
            solution[target] = torch.linalg.solve(gram[0] - lacking + ridge, cross[target])
        return solution


@torch.inference_mode()
def fit_ridge(train: Windows, valid: Windows) -> Ridge:
    """Fit on the training windows; penalty and features are picked on the validation windows.

    Two sets of features are tried: a target's own context, and (where that stays within
    ``RIDGE_LAGS`` numbers) all columns. Raises ValueError without a training window.
    """
    if not len(train):
        raise ValueError("no windows to fit ridge regression on")
    columns = train.columns
    candidates: list[tuple[float, Ridge]] = []
    choices = [Features(columns, min(train.context_steps, RIDGE_LAGS), joint=False)]
    joint = Features.of_all(train) if len(columns.names) > 1 else None
    choices += [] if joint is None else [joint]
    for features in choices:
        equations = NormalEquations(train, features)
        ridges = [Ridge(equations.solved(penalty), features) for penalty in RIDGE_PENALTIES]
        candidates += zip(_squared_errors(ridges, valid), ridges, strict=True)
    return min(candidates, key=lambda candidate: candidate[0])[1]


def _solve_each(a_CFF: Tensor, b_CFK: Tensor) -> Tensor:
    """Solve a x = b for each column on its own.

    Not as one batch: with several threads torch then gets wrong pivots from MKL for 151 unknowns
    and more, and fails or gives wrong numbers (github.com/pytorch/pytorch/issues/142815).
    """
    return torch.stack([torch.linalg.solve(a, b) for a, b in zip(a_CFF, b_CFK, strict=True)])


def _squared_errors(ridges: Sequence[Ridge], windows: Windows) -> list[float]:
    """Sums of squared errors over wholly measured targets, of ridges with the same features."""
    totals = [0.0] * len(ridges)
    features = ridges[0].features
    for batch, change, whole in _batches(windows, features.lags):
        x = features.of(batch.context, batch.future)
        for place, ridge in enumerate(ridges):
            error = (ridge.change(x) - change).square().sum(dim=1)
            totals[place] += float((error * whole).sum())
    return totals
