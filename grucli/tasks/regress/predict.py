"""The number of every series of a table."""

from grucli.nn import SequenceModel
from grucli.results import Numbers
from grucli.tasks.precision import original
from grucli.tasks.regress.data import RegressData
from grucli.tasks.sequences.numbers import answer_scaler
from grucli.tasks.sequences.outputs import outputs_of


def number_table(model: SequenceModel, data: RegressData) -> Numbers:
    """The number of every series, in the units of the label."""
    outputs = outputs_of(model, data.everything())
    said = original(answer_scaler(data.learned.facts), outputs)[:, 0]
    return Numbers(ids=data.ids, label=data.recipe.regress.label, values=tuple(said.tolist()))
