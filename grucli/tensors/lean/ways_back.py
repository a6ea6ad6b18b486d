"""How gradients go back through what is done with a tensor: torch's, in tensors themselves."""

from typing import Any

import numpy as np

from grucli.tensors.lean.functions import cat, placed, stack, where
from grucli.tensors.lean.steps import Back, differentiable
from grucli.tensors.lean.tensor import Tensor, Tracked


def same(g: Any, *_: Any, **__: Any) -> Any:
    """Of what is only moved, or added: an axis that was repeated is summed afterwards."""
    return g


def _in_the_shape(g: Any, x: Any, *_: Any, **__: Any) -> Any:
    return g.reshape(x.shape)


def _spread(g: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """To every number that was summed."""
    if dim is not None and not keepdim:
        g = g.unsqueeze(dim)
    return g.expand(*x.shape)


def _mean(g: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _spread(g, x, dim, keepdim) / (x.numel() / max(g.numel(), 1))


def _inside(g: Any, x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 (torch's names)
    low = -np.inf if min is None else min
    high = np.inf if max is None else max
    return g * ((x >= low) & (x <= high)).to(g.dtype)


def _size(g: Any, x: Any) -> Any:
    return g * ((x > 0).to(g.dtype) - (x < 0).to(g.dtype))


def _sigmoid(g: Any, x: Any) -> Any:
    y = x.sigmoid()
    return g * (y * (1 - y))


def _repeated(g: Any, x: Any, count: int, dim: int) -> Any:
    shape = [*x.shape]
    shape.insert(dim % x.dim() + 1, count)
    return g.reshape(tuple(shape)).sum(dim=dim % x.dim() + 1)


def _permuted(g: Any, _: Any, *axes: int) -> Any:
    return g.permute(*np.argsort(axes).tolist())


def _cumsum(g: Any, _: Any, dim: int) -> Any:
    return g.flip(dim).cumsum(dim).flip(dim)


WAYS: dict[str, tuple[Back | None, ...]] = {
    "__add__": (same, same),
    "__radd__": (same, same),
    "__sub__": (same, lambda g, x, y: -g),
    "__rsub__": (lambda g, x, y: -g, same),
    "__mul__": (lambda g, x, y: g * y, lambda g, x, y: g * x),
    "__rmul__": (lambda g, x, y: g * y, lambda g, x, y: g * x),
    "__truediv__": (lambda g, x, y: g / y, lambda g, x, y: -g * x / (y * y)),
    "__rtruediv__": (lambda g, x, y: -g * y / (x * x), lambda g, x, y: g / x),
    "__matmul__": (lambda g, x, y: g @ y.mT, lambda g, x, y: x.mT @ g),
    "__rmatmul__": (lambda g, x, y: y.mT @ g, lambda g, x, y: g @ x.mT),
    "__neg__": (lambda g, x: -g,),
    "__abs__": (_size,),
    "abs": (_size,),
    "square": (lambda g, x: 2 * g * x,),
    "sqrt": (lambda g, x: g / (2 * x.sqrt()),),
    "exp": (lambda g, x: g * x.exp(),),
    "log": (lambda g, x: g / x,),
    "log1p": (lambda g, x: g / (1 + x),),
    "sigmoid": (_sigmoid,),
    "tanh": (lambda g, x: g * (1 - x.tanh().square()),),
    "clamp": (_inside,),
    "clip": (_inside,),
    "to": (lambda g, x, kind: g.to(x.dtype),),
    "view": (_in_the_shape,),
    "reshape": (_in_the_shape,),
    "unsqueeze": (_in_the_shape,),
    "squeeze": (_in_the_shape,),
    "transpose": (lambda g, x, first, second: g.transpose(first, second),),
    "permute": (_permuted,),
    "expand": (same,),
    "repeat_interleave": (_repeated,),
    "contiguous": (same,),
    "flip": (lambda g, x, *dims: g.flip(*dims),),
    "unbind": (lambda g, x, dim=0: stack(g, dim),),
    "split": (lambda g, x, size, dim=0: cat(g, dim),),
    "__getitem__": (lambda g, x, index: placed(g, index, x.shape), None),
    "sum": (_spread,),
    "mean": (_mean,),
    "cumsum": (_cumsum,),
    "where": (
        lambda g, x, condition, y: g.where(condition, 0.0),
        None,
        lambda g, x, condition, y: where(condition, 0.0, g),
    ),
}
"""Method -> the way back to the tensor, and to others that it is given."""

for _name, _backs in WAYS.items():
    setattr(Tracked, _name, differentiable(*_backs)(getattr(Tensor, _name)))
