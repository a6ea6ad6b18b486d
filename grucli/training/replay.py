"""The forward and backward pass of a batch on a CUDA device, launched as one.

A recurrent layer is thousands of small kernels, and starting one takes longer than running it. Of
batches that make the same calls the calls are therefore recorded once, as a CUDA graph, and then
replayed: the same kernels in the same order, and so the same bytes.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Pass = Callable[[Any], tuple[Tensor, Tensor | float]]
"""Of a batch: its loss, and of how many values; leaves its gradient at the parameters."""
SEEN = 3
"""So many batches of a shape are computed call by call first, as recording asks for."""


class Replay:
    """A pass that remembers the calls of batches by their shapes."""

    def __init__(self) -> None:
        self._seen: dict[Any, int] = {}
        self._recorded: dict[Any, _Recorded] = {}

    def __call__(self, compute: Pass, batch: Any) -> tuple[Tensor, Tensor | float]:
        """What ``compute`` gives of a named tuple of tensors; it must be the same pass each time.

        The results hold until the next call.
        """
        shapes = tuple(None if part is None else part.shape for part in batch)
        if shapes not in self._recorded:
            self._seen[shapes] = seen = self._seen.get(shapes, 0) + 1
            if seen <= SEEN:
                return compute(batch)
            self._recorded[shapes] = _Recorded(compute, batch)
        return self._recorded[shapes].of(batch)


class _Recorded:
    """The calls of a pass on one batch, and where it reads a batch and leaves its results."""

    def __init__(self, compute: Pass, batch: Any) -> None:
        self._batch = type(batch)(*(None if part is None else part.clone() for part in batch))
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._results = compute(self._batch)

    def of(self, batch: Any) -> tuple[Tensor, Tensor | float]:
        for own, given in zip(self._batch, batch, strict=True):
            if own is not None:
                own.copy_(given)
        self._graph.replay()
        return self._results
