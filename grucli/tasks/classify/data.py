"""A table as a classifier reads it: whole series in three parts, and the classes they belong to."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from grucli.data import vocabulary_notes
from grucli.results import SplitName
from grucli.tasks.sequences.classes import class_facts, class_words, unknown_class
from grucli.tasks.sequences.data import SequenceData
from grucli.tasks.sequences.parts import Places
from grucli.tasks.sequences.samples import Sequences
from grucli.tasks.task import Learned
from grucli.tensors import Tensor, torch
from grucli.text import quoted


@dataclass(frozen=True, eq=False)
class ClassifyData(SequenceData):
    """Series, and the class of each as a text."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The class of every series. Raises KeyError for a table that was read without them."""
        return self.panel.texts[self.recipe.classify.label]

    @property
    def _where(self) -> str:
        return f"{self.panel.source}: column {quoted(self.recipe.classify.label)}"

    @cached_property
    def learned(self) -> Learned:
        """The scaler, and the facts ``classes`` and ``counts``: how many of each were learned."""
        if self.trained is not None:
            return self.trained
        train = self.parts["train"]
        counts = Counter(self.kinds[place] for place in train)
        facts = class_facts(counts, where=self._where, what="series")
        return Learned(self.fit_inputs(self.span_of(train)), facts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the model's outputs."""
        return tuple(self.learned.facts["classes"])

    @property
    def notes(self) -> tuple[str, ...]:
        """How many sequences there are of each class."""
        learned = self.learned
        return (class_words(learned.facts), *vocabulary_notes(self.panel, learned.scaler))

    def samples(self, split: SplitName) -> Sequences:
        """The sequences of a part, or all. Raises DataError for a part without any."""
        places = self.places(split)
        return Sequences.of_series(self.tensors, places, self._numbered(places))

    def _numbered(self, places: Places) -> Tensor:
        """The number of the class of each series. Raises DataError for one that is not known."""
        number_of = {name: number for number, name in enumerate(self.classes)}
        for place in places.tolist():
            if self.kinds[place] not in number_of:
                series = f"in series {quoted(self.panel.ids[place])}"
                raise unknown_class(self._where, self.kinds[place], series, self.learned.facts)
        names = [self.kinds[place] for place in places]
        return torch.tensor([number_of[name] for name in names], device=self.device)
