"""The class of every series of a table."""

import torch
from torch import Tensor

from grucli.errors import UsageError
from grucli.nn import SequenceModel
from grucli.results import Labels
from grucli.tasks.batches import evaluation_batches
from grucli.tasks.classify.data import ClassifyData
from grucli.tasks.classify.samples import Sequences


@torch.inference_mode()
def probabilities(model: SequenceModel, sequences: Sequences) -> Tensor:
    """The probability of every class of every sequence, float64 [S, K] on the CPU."""
    model.eval()
    parts = [
        model(*sequences.inputs(index)).double().softmax(dim=-1).cpu()
        for index in evaluation_batches(sequences, model.width)
    ]
    return torch.cat(parts)


def label_table(model: SequenceModel, data: ClassifyData, *, horizon: int | None = None) -> Labels:
    """The label of every series and the probability of each class.

    Raises UsageError for a ``horizon``: a class has none.
    """
    if horizon is not None:
        raise UsageError(
            f"--horizon {horizon}: the model says the class of a series (task.kind classify) and "
            "looks no steps ahead; leave it out"
        )
    said = probabilities(model, data.everything())
    classes = data.classes
    return Labels(
        ids={name: data.panel.texts[name] for name in data.recipe.data.series},
        label=data.recipe.classify.label,
        classes=classes,
        labels=tuple(classes[number] for number in said.argmax(dim=-1).tolist()),
        probabilities=tuple(map(tuple, said.tolist())),
    )
