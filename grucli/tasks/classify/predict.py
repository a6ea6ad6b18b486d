"""The class of every series of a table."""

from grucli.nn import SequenceModel
from grucli.results import Labels
from grucli.tasks.classify.data import ClassifyData
from grucli.tasks.precision import float32_digits
from grucli.tasks.sequences.outputs import outputs_of
from grucli.tasks.sequences.samples import Sequences
from grucli.tensors import Tensor


def probabilities(model: SequenceModel, sequences: Sequences) -> Tensor:
    """The probability of every class of every sequence, float64 [S, K] on the CPU."""
    return outputs_of(model, sequences).softmax(dim=-1)


def label_table(model: SequenceModel, data: ClassifyData) -> Labels:
    """The label of every series and the probability of each class."""
    said = probabilities(model, data.everything())
    classes = data.classes
    return Labels(
        ids=data.ids,
        label=data.recipe.classify.label,
        classes=classes,
        labels=tuple(classes[number] for number in said.argmax(dim=-1).tolist()),
        probabilities=tuple(map(tuple, float32_digits(said).tolist())),
    )
