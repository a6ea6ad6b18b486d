"""A table as a regressor reads it: whole series in three parts, and the number of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grucli.data import number_of_series, vocabulary_notes
from grucli.results import SplitName
from grucli.tasks.sequences.data import SequenceData
from grucli.tasks.sequences.numbers import Floats, number_facts, scaled_answers
from grucli.tasks.sequences.samples import Sequences
from grucli.tasks.task import Learned


@dataclass(frozen=True, eq=False)
class RegressData(SequenceData):
    """Series, and a number of each."""

    @cached_property
    def numbers(self) -> Floats:
        """The number of every series [S]. Raises KeyError for a table read without them."""
        return number_of_series(self.panel, self.recipe.regress.label)

    @property
    def kinds(self) -> Sequence[str]:
        """All of one kind."""
        return ("",) * self.panel.series

    @cached_property
    def learned(self) -> Learned:
        """The scaler of what is read, and facts: that of the numbers, and their mean."""
        if self.trained is not None:
            return self.trained
        train = self.parts["train"]
        facts = number_facts(self.recipe.data, self.recipe.regress.label, self.numbers[train])
        return Learned(self.fit_inputs(self.span_of(train)), facts)

    @property
    def notes(self) -> tuple[str, ...]:
        """Between which numbers those lie that are learned from."""
        numbers = self.numbers[self.parts["train"]]
        name = self.recipe.regress.label
        learned = f"{name} of {len(numbers)} series to learn from: {_range(numbers)}"
        return (learned, *vocabulary_notes(self.panel, self.learned.scaler))

    def samples(self, split: SplitName) -> Sequences:
        """The sequences of a part, or all. Raises DataError for a part without any."""
        places = self.places(split)
        told = scaled_answers(self.learned.facts, self.numbers[places], self.device)
        return Sequences.of_series(self.tensors, places, told)


def _range(numbers: Floats) -> str:
    return f"{np.min(numbers):g} to {np.max(numbers):g}, mean {np.mean(numbers):.4g}"
