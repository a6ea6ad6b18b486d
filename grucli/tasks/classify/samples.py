"""What a classifier reads: whole series of unequal length, padded to the longest of a batch.

Suffixes: B sequences of a batch, T steps of the longest of them, C columns.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from grucli.data import PanelTensors
from grucli.tasks.classify.parts import Places


@dataclass(frozen=True, eq=False)
class Sequences:
    """Whole series of a panel, those numbered ``places``.

    ``classes`` [S] on the device numbers the class of each; None where they are not known.
    """

    data: PanelTensors
    places: Places
    classes: Tensor | None

    def __len__(self) -> int:
        return len(self.places)

    @property
    def lengths(self) -> Tensor:
        """Steps of each sequence, [S], on the CPU."""
        return torch.from_numpy(np.diff(self.data.panel.bounds)[self.places])

    @property
    def steps(self) -> int:
        """Steps of the longest."""
        return int(self.lengths.max())

    def inputs(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled values [B, T, C], 0 behind the end of a sequence, and lengths [B] on the CPU."""
        scaled = self.data.scaled
        lengths_B = self.lengths[index]
        first_B = torch.from_numpy(self.data.panel.bounds[self.places])[index]
        steps_T = torch.arange(int(lengths_B.max()))
        is_inside_BT = steps_T < lengths_B[:, None]
        rows_BT = torch.where(is_inside_BT, first_B[:, None] + steps_T, 0)
        values_BTC = scaled[rows_BT.to(scaled.device)]
        return values_BTC * is_inside_BT.unsqueeze(-1).to(scaled), lengths_B

    def truth(self, index: Tensor) -> Tensor:
        """The classes [B] of the sequences at positions ``index``. Raises ValueError without."""
        if self.classes is None:
            raise ValueError("classes: not known of these sequences")
        return self.classes[index.to(self.classes.device)]
