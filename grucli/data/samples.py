"""Samples: where in a panel each one begins, worked out when it is asked for.

Suffixes: S series, B samples of a batch.
"""

from dataclasses import dataclass

import numpy as np

from grucli.data.split import Rows
from grucli.tensors import Tensor, torch


@dataclass(frozen=True, eq=False)
class Samples:
    """Of every series so many samples, each ``stride`` rows after the one before it.

    ``offset`` [S] is where a series' samples would begin if the position of its first sample among
    all were 0; ``stop`` [S] counts the samples up to and with those of a series. They stay on the
    CPU, and nothing is kept for each sample.
    """

    offset: Tensor
    stop: Tensor
    stride: int

    @classmethod
    def between(cls, first: Rows, end: Rows, *, origin: Rows, stride: int) -> "Samples":
        """All from row ``first`` [S] to before ``end`` that lie n * ``stride`` after ``origin``."""
        first = origin - (origin - first) // stride * stride
        counts = np.maximum(0, -((first - end) // stride))
        stop = np.cumsum(counts)
        offset = first - (stop - counts) * stride
        return cls(torch.from_numpy(offset), torch.from_numpy(stop), stride)

    def __len__(self) -> int:
        return int(self.stop[-1])

    @property
    def series(self) -> int:
        """Number of series that have a sample."""
        return int((self.stop.diff(prepend=self.stop.new_zeros(1)) > 0).sum())

    def series_of(self, index: Tensor) -> Tensor:
        """The numbers of the series of the samples at positions ``index`` [B]."""
        return torch.searchsorted(self.stop, index, right=True)

    def starts(self, index: Tensor) -> Tensor:
        """The first rows of the samples at positions ``index`` [B]."""
        offset = self.offset
        if len(offset) > 1:
            offset = offset.index_select(0, self.series_of(index))
        return torch.add(offset, index, alpha=self.stride)
