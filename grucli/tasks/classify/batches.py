"""Sequences in batches that are as large as a bounded memory allows, for use without gradients."""

from collections.abc import Iterator

import torch
from torch import Tensor

from grucli.nn import SequenceModel
from grucli.tasks.classify.samples import Sequences

EVALUATION_CELLS = 1 << 22
"""Sequences are evaluated in batches of about this many values of a layer (B * T * width)."""


def evaluation_batches(sequences: Sequences, width: int) -> Iterator[Tensor]:
    """Positions in order, in batches as large as ``EVALUATION_CELLS`` allows."""
    size = max(1, EVALUATION_CELLS // (sequences.steps * width))
    yield from torch.split(torch.arange(len(sequences)), size)


@torch.inference_mode()
def probabilities(model: SequenceModel, sequences: Sequences) -> Tensor:
    """The probability of every class of every sequence, float64 [S, K] on the CPU."""
    model.eval()
    parts = [
        model(*sequences.inputs(index)).double().softmax(dim=-1).cpu()
        for index in evaluation_batches(sequences, model.width)
    ]
    return torch.cat(parts)
