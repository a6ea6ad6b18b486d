"""A table as a classifier reads it: whole series in three parts, and the classes they belong to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from grucli.data import (
    AnyScaler,
    Panel,
    PanelTensors,
    Span,
    build_tensors,
    fit_scaler,
    measured_columns,
    whole_span,
)
from grucli.errors import DataError
from grucli.recipe import Recipe
from grucli.results import SplitName
from grucli.tasks.classify.parts import Places, deal
from grucli.tasks.classify.samples import Sequences
from grucli.tasks.task import Learned, no_test_span


@dataclass(frozen=True, eq=False)
class ClassifyData:
    """``trained`` is what a trained model knows; None takes it from this table's training part.

    A table without labels has no parts: all of it can be classified, and nothing else.
    """

    recipe: Recipe
    panel: Panel
    device: str
    trained: Learned | None = None
    whole: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The class of every series. Raises KeyError for a table that was read without them."""
        return self.panel.texts[self.recipe.classify.label]

    @cached_property
    def parts(self) -> dict[str, Places]:
        """The numbers of the series of each part."""
        parts = deal(self.panel, self.labels, self.recipe.data.split)
        everything = np.arange(self.panel.series)
        return parts | {"train": everything, "test": everything[:0]} if self.whole else parts

    @cached_property
    def learned(self) -> Learned:
        """The scaler, and the facts ``classes`` and ``counts``: how many of each were learned."""
        if self.trained is not None:
            return self.trained
        train = self.parts["train"]
        counts = Counter(self.labels[place] for place in train)
        classes = sorted(counts, key=_order)
        if len(classes) < 2:
            raise DataError(
                f"{self.panel.source}: column {self.recipe.classify.label!r}: {classes[0]!r} in "
                "all series of the training part; expected at least 2 classes; check task.label "
                "or change data.split"
            )
        facts = {"classes": classes, "counts": [counts[name] for name in classes]}
        return Learned(self._fit_scaler(train), facts)

    def _fit_scaler(self, train: Places) -> AnyScaler:
        whole = whole_span(self.panel)
        stop = whole.start.copy()
        stop[train] = whole.stop[train]
        measured = measured_columns(self.panel, Span(whole.start, stop))
        return fit_scaler(self.recipe.data.scale, measured, self.panel.columns.values)

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

    @cached_property
    def tensors(self) -> PanelTensors:
        """The whole table, scaled, on the device."""
        scaler = self.learned.scaler.of(self.panel, whole_span(self.panel))
        return build_tensors(self.panel, scaler, torch.device(self.device))

    def extent(self, split: SplitName) -> tuple[str, str] | None:
        """None: whole series are dealt out."""
        return None

    def samples(self, split: SplitName) -> Sequences:
        """The sequences of a part, or all. Raises DataError for a part without any."""
        places = np.arange(self.panel.series) if split == "all" else self.parts[split]
        if split == "test" and self.recipe.data.split.test == 0:
            raise no_test_span(self.panel.source)
        if not len(places):
            raise DataError(
                f"{self.panel.source}: no series of the part {split}: data.split.test names a "
                "table, and this is another one; expected --split test or all"
            )
        return Sequences(self.tensors, places, self._numbered(places))

    def everything(self) -> Sequences:
        """All sequences, whether or not their classes are known."""
        return Sequences(self.tensors, np.arange(self.panel.series), None)

    def _numbered(self, places: Places) -> Tensor:
        """The number of the class of each series. Raises DataError for one that is not known."""
        number_of = {name: number for number, name in enumerate(self.classes)}
        names: Sequence[str] = [self.labels[place] for place in places]
        unknown = [
            place for place, name in zip(places, names, strict=True) if name not in number_of
        ]
        if unknown:
            place, known = int(unknown[0]), ", ".join(self.classes[:10])
            raise DataError(
                f"{self.panel.source}: column {self.recipe.classify.label!r}: "
                f"{self.labels[place]!r} in series {self.panel.ids[place]!r}; expected a class "
                f"that was trained on: {known}; correct it or change data.split"
            )
        return torch.tensor([number_of[name] for name in names], device=self.device)


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by size, then texts by letters."""
    is_number = name.isascii() and name.isdigit()
    return not is_number, float(name) if is_number else 0.0, name
