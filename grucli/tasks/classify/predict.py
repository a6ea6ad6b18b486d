"""The class of every series of a table."""

from grucli.errors import UsageError
from grucli.nn import SequenceModel
from grucli.results import Labels
from grucli.tasks.classify.batches import probabilities
from grucli.tasks.classify.data import ClassifyData


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
