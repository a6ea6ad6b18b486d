"""A table as a classifier reads it: whole series in three parts, and the classes they belong to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from grucli.errors import DataError
from grucli.results import SplitName
from grucli.tasks.sequences.data import SequenceData
from grucli.tasks.sequences.parts import Places
from grucli.tasks.sequences.samples import Sequences
from grucli.tasks.task import Learned


@dataclass(frozen=True, eq=False)
class ClassifyData(SequenceData):
    """Series, and the class of each as a text."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The class of every series. Raises KeyError for a table that was read without them."""
        return self.panel.texts[self.recipe.classify.label]

    @cached_property
    def learned(self) -> Learned:
        """The scaler, and the facts ``classes`` and ``counts``: how many of each were learned."""
        if self.trained is not None:
            return self.trained
        train = self.parts["train"]
        counts = Counter(self.kinds[place] for place in train)
        classes = sorted(counts, key=_order)
        if len(classes) < 2:
            raise DataError(
                f"{self.panel.source}: column {self.recipe.classify.label!r}: {classes[0]!r} in "
                "all series of the training part; expected at least 2 classes; check task.label "
                "or change data.split"
            )
        facts = {"classes": classes, "counts": [counts[name] for name in classes]}
        return Learned(self.fit_inputs(train), facts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the model's outputs."""
        return tuple(self.learned.facts["classes"])

    @property
    def notes(self) -> tuple[str, ...]:
        """How many sequences there are of each class."""
        counts = self.learned.facts["counts"]
        pairs = zip(self.classes, counts, strict=True)
        words = [f"{name} {count}" for name, count in pairs]
        shown = ", ".join(words[:10]) + (", ..." if len(words) > 10 else "")
        return (f"{len(words)} classes, of which to learn from: {shown}",)

    def samples(self, split: SplitName) -> Sequences:
        """The sequences of a part, or all. Raises DataError for a part without any."""
        places = self.places(split)
        return Sequences.of_series(self.tensors, places, self._numbered(places))

    def _numbered(self, places: Places) -> Tensor:
        """The number of the class of each series. Raises DataError for one that is not known."""
        number_of = {name: number for number, name in enumerate(self.classes)}
        names: Sequence[str] = [self.kinds[place] for place in places]
        unknown = [
            place for place, name in zip(places, names, strict=True) if name not in number_of
        ]
        if unknown:
            place, known = int(unknown[0]), ", ".join(self.classes[:10])
            raise DataError(
                f"{self.panel.source}: column {self.recipe.classify.label!r}: "
                f"{self.kinds[place]!r} in series {self.panel.ids[place]!r}; expected a class "
                f"that was trained on: {known}; correct it or change data.split"
            )
        return torch.tensor([number_of[name] for name in names], device=self.device)


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by size, then texts by letters."""
    is_number = name.isascii() and name.isdigit()
    return not is_number, float(name) if is_number else 0.0, name
