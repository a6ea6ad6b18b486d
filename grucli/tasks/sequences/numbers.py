"""Numbers as an answer: how they are scaled, what a checkpoint keeps of them, how good they are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.data import SCALER_FORM, Scaler, fit_scaler
from grucli.forms import Fields, Form, Number
from grucli.recipe import DataRecipe
from grucli.results import NumberMetrics
from grucli.tensors import Tensor, torch

Floats = NDArray[np.float64]
MOST_PAIRS = 500


def number_facts(data: DataRecipe, label: str, truth: Floats) -> dict[str, Any]:
    """What is kept of the numbers [n] that were learned: their scale, and their mean.

    Raises DataError where they are all the same.
    """
    scaler = fit_scaler(
        data.scale, [truth], (label,), transform=data.transform, transformed=(label,)
    )
    return {"answer": scaler.to_plain(), "mean": float(truth.mean())}


def number_facts_form() -> Form:
    """What such facts have to be."""
    largest = float(np.finfo(float).max)
    return Fields({"answer": SCALER_FORM, "mean": Number(-largest, largest)})


def answer_scaler(facts: Mapping[str, Any]) -> Scaler:
    """Between the units of the table and those that a model learns."""
    return Scaler.from_plain(facts["answer"])


def scaled_answers(facts: Mapping[str, Any], truth: Floats, device: str) -> Tensor:
    """Numbers [n] as a model learns them, float32 [n, 1] on the device."""
    scaled = answer_scaler(facts).scale(np.asarray(truth)[:, None])
    return torch.from_numpy(scaled.astype(np.float32)).to(device)


def said_numbers(facts: Mapping[str, Any], outputs: Tensor) -> Floats:
    """A model's outputs [n, 1] in units of the table, [n]."""
    return np.asarray(answer_scaler(facts).unscale(outputs.double().numpy())[:, 0])


def number_metrics(truth: Floats, said: Floats) -> NumberMetrics:
    """Errors of what is ``said`` [n].

    rmse is the root of the mean squared error, mae the mean absolute error, r2 one less the ratio
    of the sum of squared errors to that of the differences of the truth from its own mean.
    """
    error = said - truth
    spread = np.square(truth - truth.mean()).sum()
    return NumberMetrics(
        rmse=float(np.sqrt(np.square(error).mean())),
        mae=float(np.abs(error).mean()),
        r2=float(1 - np.square(error).sum() / spread) if spread > 0 else None,
    )


def some_pairs(truth: Floats, said: Floats) -> tuple[tuple[float, float], ...]:
    """Truth and answer of at most ``MOST_PAIRS`` samples, evenly spaced."""
    places = np.unique(np.linspace(0, len(truth) - 1, MOST_PAIRS).round().astype(np.int64))
    return tuple(zip(truth[places].tolist(), said[places].tolist(), strict=True))
