"""Layers and losses as functions, those of torch.nn.functional that reading a model asks for."""

from typing import Any

import numpy as np

from grucli.computing import without_torch
from grucli.tensors.lean.arithmetic import quiet
from grucli.tensors.lean.functions import where
from grucli.tensors.lean.special import relu
from grucli.tensors.lean.steps import differentiable
from grucli.tensors.lean.tensor import Tensor

__all__ = [
    "dropout",
    "embedding",
    "huber_loss",
    "l1_loss",
    "layer_norm",
    "linear",
    "mse_loss",
    "relu",
    "softplus",
]

_STRAIGHT = 20.0
"""From here on softplus is its argument."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The linear map x W' + b."""
    product = x @ weight.mT
    result: Tensor = product if bias is None else product + bias
    return result


@differentiable(lambda g, x: where(x > _STRAIGHT, g, g * x.sigmoid()))
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    curved = quiet(np.log1p, np.exp(np.minimum(x.array, np.asarray(_STRAIGHT, x.dtype))))
    return Tensor(np.where(x.array > _STRAIGHT, x.array, curved))


def layer_norm(
    x: Tensor, shape: Any, gain: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Less the mean and divided by the deviation along the last axis, then gain and bias."""
    normed = _normed(x, eps)
    scaled = normed if gain is None else normed * gain
    result: Tensor = scaled if bias is None else scaled + bias
    return result


def _before_norm(g: Any, x: Any, eps: float) -> Any:
    """The gradient of what is normalised: that of the rest of it divided by the deviation, less its
    mean and less its share along the result.
    """
    away = x - x.mean(dim=-1, keepdim=True)
    deviation = (away.square().mean(dim=-1, keepdim=True) + eps).sqrt()
    normed = away / deviation
    along = (g * normed).mean(dim=-1, keepdim=True)
    return (g - g.mean(dim=-1, keepdim=True) - normed * along) / deviation


@differentiable(_before_norm)
def _normed(x: Tensor, eps: float) -> Tensor:
    wide = x.array.astype(np.float64)
    away = wide - wide.mean(axis=-1, keepdims=True)
    return Tensor(away / np.sqrt(np.square(away).mean(axis=-1, keepdims=True) + eps)).to(x)


@differentiable()
def embedding(places: Tensor, vectors: Tensor) -> Tensor:
    """The vectors of some places."""
    return vectors[places]


def dropout(x: Tensor, share: float, training: bool = True) -> Tensor:
    """All of them: nothing is dropped when a model is used."""
    if training:
        without_torch("dropout in training")
    return x


def mse_loss(x: Tensor, y: Tensor, *, reduction: str = "mean") -> Tensor:
    """The square of each difference, or their mean."""
    return _mean_or_each((x - y).square(), reduction)


def l1_loss(x: Tensor, y: Tensor, *, reduction: str = "mean") -> Tensor:
    """The size of each difference, or their mean."""
    return _mean_or_each((x - y).abs(), reduction)


def huber_loss(x: Tensor, y: Tensor, *, reduction: str = "mean") -> Tensor:
    """Half the square of each difference, from 1 on its size less 1/2; or their mean."""
    away = (x - y).abs()
    return _mean_or_each(where(away < 1, away.square() / 2, away - 0.5), reduction)


def _mean_or_each(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else losses.mean()
