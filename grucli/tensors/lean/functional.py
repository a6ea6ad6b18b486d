"""Layers as functions, those of torch.nn.functional that are used without gradients."""

from typing import Any

import numpy as np

from grucli.tensors.lean.arithmetic import quiet
from grucli.tensors.lean.special import relu
from grucli.tensors.lean.tensor import Tensor

__all__ = ["dropout", "embedding", "layer_norm", "linear", "relu", "softplus"]

_STRAIGHT = 20.0
"""From here on softplus is its argument."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The linear map x W' + b."""
    product = x @ weight.mT
    result: Tensor = product if bias is None else product + bias
    return result


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    curved = quiet(np.log1p, np.exp(np.minimum(x.array, np.asarray(_STRAIGHT, x.dtype))))
    return Tensor(np.where(x.array > _STRAIGHT, x.array, curved))


def layer_norm(
    x: Tensor, shape: Any, gain: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Less the mean and divided by the deviation along the last axis, then gain and bias."""
    wide = x.array.astype(np.float64)
    away = wide - wide.mean(axis=-1, keepdims=True)
    even = away / np.sqrt(np.square(away).mean(axis=-1, keepdims=True) + eps)
    normed = Tensor(even).to(x)
    scaled = normed if gain is None else normed * gain
    result: Tensor = scaled if bias is None else scaled + bias
    return result


def embedding(places: Tensor, vectors: Tensor) -> Tensor:
    """The vectors of some places."""
    return vectors[places]


def dropout(x: Tensor, share: float, training: bool = True) -> Tensor:
    """All of them: nothing is dropped when a model is used."""
    if training:
        raise RuntimeError("dropout: training needs torch; pip install 'grucli[train]'")
    return x
