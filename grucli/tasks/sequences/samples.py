"""What is read of series: runs of rows of unequal length, padded to the longest of a batch.

Suffixes: S sequences, B those of a batch, T steps of the longest of them, C columns.
"""

from dataclasses import dataclass

import numpy as np

from grucli.data import PanelTensors
from grucli.tasks.sequences.parts import Places
from grucli.tensors import Tensor, torch


@dataclass(frozen=True, eq=False)
class Sequences:
    """Runs of ``lengths`` [S] rows of a panel from the rows ``first`` [S] on, both on the CPU.

    ``told`` [S] on the device is what is to be said of each; None where that is not known.
    """

    data: PanelTensors
    first: Tensor
    lengths: Tensor
    told: Tensor | None = None

    @classmethod
    def of_series(
        cls, data: PanelTensors, places: Places, told: Tensor | None = None
    ) -> "Sequences":
        """The whole series of these numbers."""
        bounds = data.panel.bounds
        first, lengths = bounds[:-1][places], np.diff(bounds)[places]
        return cls(data, torch.from_numpy(first), torch.from_numpy(lengths), told)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def steps(self) -> int:
        """Steps of the longest."""
        return int(self.lengths.max())

    def inputs(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled values [B, T, C], 0 behind the end of a sequence, and lengths [B] on the CPU."""
        scaled = self.data.scaled
        rows_BT, is_inside_BT = self.rows(index)
        values_BTC = scaled[rows_BT.to(scaled.device)]
        return values_BTC * is_inside_BT.unsqueeze(-1).to(scaled), self.lengths[index]

    def rows(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of the panel [B, T] on the CPU, and whether they are of the sequence [B, T]."""
        lengths_B, first_B = self.lengths[index], self.first[index]
        steps_T = torch.arange(int(lengths_B.max()))
        is_inside_BT = steps_T < lengths_B[:, None]
        return torch.where(is_inside_BT, first_B[:, None] + steps_T, 0), is_inside_BT

    def truth(self, index: Tensor) -> Tensor:
        """What is to be said [B] of those at positions ``index``. Raises ValueError without."""
        if self.told is None:
            raise ValueError("told: not known of these sequences")
        return self.told[index.to(self.told.device)]
