"""What a model says of sequences, batch by batch."""

from grucli.nn import SequenceModel
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.sequences.samples import Sequences
from grucli.tensors import Tensor, torch


@torch.inference_mode()
def outputs_of(model: SequenceModel, sequences: Sequences) -> Tensor:
    """The outputs of every sequence, float64 [S, K] on the CPU."""
    model.eval()
    parts = [
        model(*sequences.inputs(index)).double().cpu()
        for index in evaluation_batches(sequences, model.width)
    ]
    return torch.cat(parts)
