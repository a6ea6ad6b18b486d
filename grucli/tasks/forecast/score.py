"""Score a model and the baselines on the same windows, every window counted."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.data import Scaler, Windows
from grucli.nn import Forecaster
from grucli.results import Scores
from grucli.tasks.forecast.baselines import Predictor
from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.sums import ErrorSums, columns_of
from grucli.training.loop import evaluation_batches


@dataclass(frozen=True)
class Scale:
    """What turns errors into comparable numbers, all [C_out]: from the training span only."""

    spread: Array
    offset: Array
    naive_mae: Array

    @classmethod
    def of(cls, scaler: Scaler, naive_mae: Array) -> "Scale":
        """Scale of the targets, which are the first columns of the scaler."""
        targets = len(naive_mae)
        return cls(scaler.spread[:targets], scaler.center[:targets], naive_mae)


def model_predictor(model: Forecaster) -> Predictor:
    """A trained model as a baseline-like function, without gradients or dropout."""
    model.eval()

    def predict(context: Tensor) -> Tensor:
        with torch.inference_mode():
            forecast: Tensor = model(context)
        return forecast

    return predict


def score(
    predictors: Mapping[str, Predictor],
    windows: Windows,
    scaler: Scaler,
    scale: Scale,
    *,
    width: int,
) -> dict[str, ErrorSums]:
    """Error sums of every predictor over all windows, in original units.

    ``width`` (``Forecaster.width``) says how many windows fit into a batch.
    """
    sums = {
        name: ErrorSums(windows.horizon_steps, scale.spread, scale.offset, scale.naive_mae)
        for name in predictors
    }
    for rows in evaluation_batches(windows, width):
        batch = windows.gather(rows)
        truth = windows.truth(rows)
        for name, predict in predictors.items():
            forecast = scaler.unscale(predict(batch.context).double())
            sums[name].add(forecast, truth, batch.weight)
    return sums


def as_scores(
    sums: Mapping[str, ErrorSums],
    windows: Windows,
    *,
    split: str,
    season: int | None,
    targets: tuple[str, ...],
) -> Scores:
    """Read the sums of ``model`` and of everything else as baselines."""
    model = sums["model"]
    return Scores(
        split=split,
        windows=len(windows),
        values=model.values,
        horizon_steps=model.horizon,
        season_steps=season,
        model=model.read(),
        baselines={name: sum_.read() for name, sum_ in sums.items() if name != "model"},
        by_step=tuple(model.read(step=step) for step in range(model.horizon)),
        by_column=columns_of(model, targets),
    )
