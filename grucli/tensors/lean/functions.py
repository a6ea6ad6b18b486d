"""Functions of several tensors, or of none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grucli.tensors.lean.arithmetic import quiet
from grucli.tensors.lean.numbers import Array, alike, float32, int64, of_both
from grucli.tensors.lean.steps import differentiable
from grucli.tensors.lean.tensor import Device, Outline, Tensor, indices, sizes


def from_numpy(array: Array) -> Tensor:
    """An array as it is, not copied."""
    return Tensor(array)


def as_tensor(values: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Tensors and arrays as they are; of numbers of Python's, fractions become float32."""
    if isinstance(values, Tensor | np.ndarray | np.generic):
        array = values.array if isinstance(values, Tensor) else np.asarray(values)
        return Tensor(array if dtype is None else array.astype(dtype, copy=False))
    return tensor(values, dtype)


def tensor(values: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of a list of numbers of Python's."""
    array = np.array(values)
    usual = float32 if array.dtype.kind == "f" else array.dtype
    return Tensor(array.astype(dtype or usual))


def empty(*shape: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Any numbers; in the context of the device meta none."""
    if Device.meta:
        return Outline(np.broadcast_to(np.zeros((), dtype or float32), sizes(shape)))
    return Tensor(np.empty(sizes(shape), dtype or float32))


def zeros(*shape: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros, float32 unless told otherwise."""
    return Tensor(np.zeros(sizes(shape), dtype or float32))


def empty_like(like: Tensor) -> Tensor:
    """Any numbers, as many as there are in another."""
    return Tensor(np.empty_like(like.array))


def zeros_like(like: Tensor) -> Tensor:
    """As many zeros."""
    return Tensor(np.zeros_like(like.array))


def ones_like(like: Tensor, dtype: Any = None) -> Tensor:
    """As many ones."""
    return Tensor(np.ones_like(like.array, dtype))


def full_like(like: Tensor, value: float) -> Tensor:
    """As many times one number."""
    return Tensor(np.full_like(like.array, value))


def eye(count: int, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones from the first place to the last, and zeros beside them."""
    return Tensor(np.eye(count, dtype=dtype or float32))


def arange(*bounds: int, dtype: Any = None, device: Any = None) -> Tensor:
    """Whole numbers in order."""
    return Tensor(np.arange(*bounds, dtype=dtype or int64))


def linspace(start: float, end: float, steps: int) -> Tensor:
    """So many numbers at equal distances, float32."""
    return Tensor(np.linspace(start, end, steps).astype(float32))


@differentiable(lambda g, tensors, dim=0: g.split([each.shape[dim] for each in tensors], dim))
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """One behind the other along an axis."""
    return Tensor(np.concatenate(_of_one_type(tensors), axis=dim))


@differentiable(lambda g, tensors, dim=0: g.unbind(dim))
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Side by side along a new axis."""
    return Tensor(np.stack(_of_one_type(tensors), axis=dim))


def _of_one_type(tensors: Sequence[Tensor]) -> list[Array]:
    arrays = [each.array for each in tensors]
    dtype = arrays[0].dtype
    for array in arrays[1:]:
        dtype = dtype if array.dtype == dtype else of_both(np.empty(1, dtype), array[None])
    return [array.astype(dtype, copy=False) for array in arrays]


def split(values: Tensor, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """See ``Tensor.split``."""
    return values.split(size, dim)


def squeeze(values: Tensor, dim: int) -> Tensor:
    """See ``Tensor.squeeze``."""
    return values.squeeze(dim)


@differentiable(
    None,
    lambda g, condition, x, y: where(condition, g, 0.0),
    lambda g, condition, x, y: where(condition, 0.0, g),
)
def where(condition: Tensor, x: Any, y: Any) -> Tensor:
    """One or the other, of which either may be a number."""
    if isinstance(x, Tensor):
        return x.where(condition, y)
    return y.where(~condition, x) if isinstance(y, Tensor) else tensor(x).where(condition, y)


def argsort(values: Tensor, descending: bool = False, stable: bool = True) -> Tensor:
    """The places of the numbers in the order of their sizes, equal ones in their own."""
    array = -values.array if descending else values.array
    return Tensor(np.argsort(array, kind="stable"))


def searchsorted(rising: Tensor, values: Tensor, right: bool = False) -> Tensor:
    """Where numbers would be put among others that rise, behind equal ones with ``right``."""
    side: Any = "right" if right else "left"
    return Tensor(np.asarray(np.searchsorted(rising.array, values.array, side)))


def _larger(x: Tensor, y: Tensor) -> Tensor:
    """1 where the first is larger, 1/2 where both are equal."""
    share: Tensor = (x > y).to(x.dtype) + (x == y).to(x.dtype) / 2
    return share


@differentiable(lambda g, x, y: g * _larger(x, y), lambda g, x, y: g * _larger(y, x))
def maximum(x: Tensor, y: Tensor) -> Tensor:
    """The larger of each two."""
    return Tensor(quiet(np.maximum, *alike(x.array, y.array)))


@differentiable(lambda g, x, y: g * _larger(y, x), lambda g, x, y: g * _larger(x, y))
def minimum(x: Tensor, y: Tensor) -> Tensor:
    """The smaller of each two."""
    return Tensor(quiet(np.minimum, *alike(x.array, y.array)))


def add(x: Tensor, y: Tensor, alpha: float = 1) -> Tensor:
    """The sum x + alpha y."""
    result: Tensor = x + y * alpha
    return result


def addcmul(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """The sum x + y z."""
    result: Tensor = x + y * z
    return result


def lerp(x: Tensor, y: Tensor, weight: Any) -> Tensor:
    """Between two, x + weight (y - x), from the nearer end."""
    share = weight if isinstance(weight, Tensor) else x.new_tensor(weight)
    result: Tensor = (x + share * (y - x)).where(share < 0.5, y - (y - x) * (1 - share))
    return result


@differentiable()
def var_mean(
    values: Tensor, dim: Any = None, keepdim: bool = False, correction: int = 1
) -> tuple[Tensor, Tensor]:
    """The variance and the mean of all, or along an axis."""
    wide = values.array.astype(np.float64)
    variance = np.asarray(wide.var(axis=dim, ddof=correction, keepdims=keepdim))
    mean = np.asarray(wide.mean(axis=dim, keepdims=keepdim))
    return Tensor(variance).to(values), Tensor(mean).to(values)


@differentiable()
def einsum(equation: str, x: Tensor, y: Tensor) -> Tensor:
    """Products of two tensors, summed over the axes that the result has not; as matrices."""
    inputs, result = equation.split("->")
    own, other = inputs.split(",")
    shared = [a for a in own if a in other]
    batch = [a for a in shared if a in result]
    summed = [a for a in shared if a not in result]
    left, right = [a for a in own if a not in shared], [a for a in other if a not in shared]
    size = dict(zip(own + other, x.shape + y.shape, strict=True))

    def matrices(values: Tensor, axes: str, *groups: list[str]) -> Array:
        order = [axes.index(a) for group in (batch, *groups) for a in group]
        shape = [size[a] for a in batch] + [int(np.prod([size[a] for a in g])) for g in groups]
        return values.array.transpose(order).reshape(shape)

    product = matrices(x, own, left, summed) @ matrices(y, other, summed, right)
    axes = [*batch, *left, *right]
    whole = product.reshape([size[a] for a in axes])
    return Tensor(whole.transpose([axes.index(a) for a in result]))


@differentiable(lambda g, values, index, shape: g[index])
def placed(values: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of a shape, and at some places of it numbers, added up where places are equal."""
    whole, at = np.zeros(shape, values.dtype), indices(index)
    if all(isinstance(each, int | slice) for each in (at if isinstance(at, tuple) else (at,))):
        whole[at] = values.array
    else:
        np.add.at(whole, at, values.array)
    return Tensor(whole)


def isfinite(values: Tensor) -> Tensor:
    """Whether each is a number and not infinite."""
    return Tensor(np.isfinite(values.array))
