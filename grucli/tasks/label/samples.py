"""What is labelled row by row: pieces of series, and what is to be said of their rows.

Suffixes: S pieces, B those of a batch, T steps of the longest of them, N rows of the panel.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from grucli.data import PanelTensors, Span
from grucli.data.split import Rows
from grucli.nn import SequenceModel
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.sequences.samples import Sequences
from grucli.tensors import Tensor, torch


class Cut(NamedTuple):
    """How series are cut: ``steps`` rows are labelled at a time (None: all), ``before`` of those in
    front of a piece and ``behind`` it are read too.
    """

    steps: int | None
    before: int
    behind: int


@dataclass(frozen=True, eq=False)
class Pieces(Sequences):
    """Of each of the runs of rows that are read, ``count`` [S] from step ``skip`` [S] are labelled.

    ``told`` [N, ...] on the device is what is to be said of every row of the panel.
    """

    skip: Tensor = field(kw_only=True)
    count: Tensor = field(kw_only=True)

    @classmethod
    def of_span(
        cls, data: PanelTensors, span: Span, cut: Cut, *, earliest: Rows, told: Tensor | None = None
    ) -> "Pieces":
        """All rows of a span, cut into pieces; none is read before the rows ``earliest`` [series].

        Nor behind the end of the span.
        """
        parts: list[tuple[int, int, int, int]] = []
        for start, stop, least in zip(span.start, span.stop, earliest, strict=True):
            for begin in range(start, stop, cut.steps or max(int(stop - start), 1)):
                end = stop if cut.steps is None else min(begin + cut.steps, stop)
                first = max(int(least), begin - cut.before)
                last = min(int(stop), int(end) + cut.behind)
                parts.append((first, last - first, begin - first, int(end) - begin))
        columns = torch.from_numpy(np.array(parts, np.int64).reshape(-1, 4))
        starts, lengths, skip, count = columns.unbind(1)
        return cls(data, starts, lengths, told, skip=skip, count=count)

    def labelled(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of the panel [B, T] on the CPU, and whether this piece labels them [B, T]."""
        rows_BT, _ = self.rows(index)
        steps_T = torch.arange(rows_BT.shape[1])
        since_BT = steps_T - self.skip[index][:, None]
        return rows_BT, (since_BT >= 0) & (since_BT < self.count[index][:, None])

    def truth(self, index: Tensor) -> Tensor:
        """What is to be said of each step [B, T, ...]: -1 or NaN of those that are not labelled."""
        if self.told is None:
            raise ValueError("told: not known of these pieces")
        rows_BT, is_labelled_BT = (part.to(self.told.device) for part in self.labelled(index))
        told = self.told[rows_BT]
        nothing = torch.nan if told.is_floating_point() else -1
        shape = is_labelled_BT.shape + (1,) * (told.dim() - 2)
        return told.masked_fill(~is_labelled_BT.view(shape), nothing)

    @torch.inference_mode()
    def outputs(self, model: SequenceModel) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows of the panel [n], and what a model says of them, float64 [n, K], batch by batch.

        Each labelled row comes once, in the order of the panel.
        """
        model.eval()
        for index in evaluation_batches(self, model.width):
            rows_BT, is_labelled_BT = self.labelled(index)
            said = model(*self.inputs(index)).double().cpu()
            yield rows_BT[is_labelled_BT], said[is_labelled_BT]
