"""Ridge regression as a checkpoint keeps it, for as long as it is asked for the same windows."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from grucli.errors import CheckpointError
from grucli.forms import Array, Fields, Form, Mapped, Number, Text, Truth
from grucli.tasks.forecast.ridge import Ridge, fit_ridge
from grucli.tasks.forecast.ridge_features import RIDGE_LAGS, Features
from grucli.tasks.forecast.samples import Windows
from grucli.tasks.ridge_penalties import RIDGE_PENALTIES
from grucli.tensors import Tensor, torch

MOST_BYTES = 16 << 20
"""Larger coefficients are not kept: they are fitted again."""
_COUNT = Number(least=0, most=2**31, whole=True)
RIDGE_FORM: Form = Fields(
    {
        "windows": Text(),
        "coefficients": Array(("float64",)),
        "lags": _COUNT,
        "joint": Truth(),
        "texts": Mapped(_COUNT),
    }
)
"""What a checkpoint keeps: coefficients, features, and of which windows they are."""


def keep_ridge(train: Windows, valid: Windows) -> dict[str, Any] | None:
    """What a checkpoint keeps of the fit on these windows; None where it would be too large."""
    ridge = fit_ridge(train, valid)
    coefficients, features = ridge.coefficients.cpu().numpy(), ridge.features
    if coefficients.nbytes > MOST_BYTES:
        return None
    return {
        "windows": digest(train, valid),
        "coefficients": coefficients,
        "lags": features.lags,
        "joint": features.joint,
        "texts": dict(features.texts),
    }


def ridge_of(kept: Mapping[str, Any] | None, train: Windows, valid: Windows) -> Ridge:
    """The kept fit where it is of these windows, else one made now.

    Raises CheckpointError for coefficients that do not belong to its features.
    """
    if kept is None or kept["windows"] != digest(train, valid):
        return fit_ridge(train, valid)
    features = Features(train.columns, kept["lags"], kept["joint"], dict(kept["texts"]))
    batch = train.gather(torch.zeros(1, dtype=torch.long))
    width = features.of(batch.context, batch.future).shape[-1]
    shape = (len(train.columns.targets), width, train.horizon_steps)
    coefficients = kept["coefficients"]
    if coefficients.shape != shape or not np.isfinite(coefficients).all():
        raise CheckpointError(
            f"calibration.ridge: expected finite coefficients of shape {shape}; found shape "
            f"{coefficients.shape}; the file was changed"
        )
    return Ridge(torch.from_numpy(coefficients).to(train.data.scaled.device), features)


def digest(train: Windows, valid: Windows) -> str:
    """Tells windows apart by all that a fit reads of them, without fitting."""
    digest = hashlib.blake2b(digest_size=16)
    data = train.data
    facts = (RIDGE_LAGS, RIDGE_PENALTIES, data.panel.columns, data.panel.missing)
    digest.update(repr((*facts, sorted(data.texts.items()))).encode())
    for windows in (train, valid):
        steps = windows.context_steps, windows.horizon_steps, len(windows), windows.samples.stride
        digest.update(repr(steps).encode())
        for part in (windows.samples.offset, windows.samples.stop):
            digest.update(_bytes_of(part))
    for tensors in [data] if valid.data is data else [data, valid.data]:
        digest.update(_bytes_of(tensors.scaled))
        if tensors.age is not None:
            digest.update(_bytes_of(tensors.age))
    return digest.hexdigest()


def _bytes_of(tensor: Tensor) -> memoryview:
    return tensor.cpu().contiguous().numpy().data.cast("B")
