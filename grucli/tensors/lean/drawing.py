"""Standard normal numbers, those that torch draws."""

from typing import Any, Self

import numpy as np

from grucli.tensors.lean.numbers import Array, float32
from grucli.tensors.lean.tensor import Tensor

_BLOCK = 16
"""So many numbers are drawn together: the first half's sizes, the second half's angles."""


class Generator:
    """A Mersenne twister in the state that a seed gives it."""

    def manual_seed(self, seed: int) -> Self:
        """Begin from a seed."""
        self._source = np.random.RandomState(seed)
        return self

    def uniform(self, count: int) -> Array:
        """So many numbers from 0 to below 1, of 24 bits."""
        bits = self._source.randint(0, 1 << 32, count, np.uint32)
        return (bits & ((1 << 24) - 1)).astype(float32) / np.float32(1 << 24)


def randn(shape: Any, *, generator: Generator) -> Tensor:
    """Numbers of a standard normal distribution, of no less than 16 the same as torch's.

    Source: Box & Muller 1958; the order is that of torch's CPU generator.
    """
    size = int(np.prod(shape))
    whole = -(-size // _BLOCK) * _BLOCK
    numbers = _normal(generator.uniform(size)) if size == whole else _with_rest(size, generator)
    return Tensor(numbers.reshape(shape))


def _with_rest(size: int, generator: Generator) -> Array:
    """Where the last block is not whole, the last 16 numbers are drawn once more, as one."""
    uniform = generator.uniform(max(size, _BLOCK))
    front = _normal(uniform[: size // _BLOCK * _BLOCK])
    last = _normal(generator.uniform(_BLOCK))
    return np.concatenate([front[: max(size - _BLOCK, 0)], last])[-size:]


def _normal(uniform: Array) -> Array:
    first, second = np.moveaxis(uniform.reshape(-1, 2, _BLOCK // 2), 1, 0)
    radius, angle = np.sqrt(-2 * np.log(1 - first)), np.float32(2 * np.pi) * second
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.reshape(-1)
