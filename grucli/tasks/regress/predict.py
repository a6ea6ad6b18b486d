"""The number of every series of a table."""

from grucli.nn import SequenceModel
from grucli.results import Numbers
from grucli.tasks.regress.data import RegressData
from grucli.tasks.sequences.numbers import said_numbers
from grucli.tasks.sequences.outputs import outputs_of


def number_table(model: SequenceModel, data: RegressData) -> Numbers:
    """The number of every series, in the units of the label."""
    said = said_numbers(data.learned.facts, outputs_of(model, data.everything()))
    return Numbers(ids=data.ids, label=data.recipe.regress.label, values=tuple(said.tolist()))
