"""A table whose rows are labelled: spans of its series in three parts, cut into pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grucli.data import Span, split_panel, vocabulary_notes, whole_span
from grucli.errors import DataError
from grucli.results import SplitName
from grucli.tasks.label.samples import Cut, Pieces
from grucli.tasks.sequences.classes import class_facts, class_words, unknown_class
from grucli.tasks.sequences.data import SequenceData
from grucli.tasks.sequences.numbers import Floats, number_facts, scaled_answers
from grucli.tasks.task import Learned, no_test_span
from grucli.tensors import Tensor, torch
from grucli.text import plural, quoted


@dataclass(frozen=True, eq=False)
class LabelData(SequenceData):
    """Series, and a label of some of their rows."""

    @property
    def kinds(self) -> Sequence[str]:
        """All of one kind."""
        return ("",) * self.panel.series

    @property
    def is_class(self) -> bool:
        """Whether labels are classes, and not numbers."""
        return self.recipe.label.answer == "class"

    @property
    def _where(self) -> str:
        return f"{self.panel.source}: column {quoted(self.recipe.label.label)}"

    @property
    def labels(self) -> Floats:
        """The label of every row [N], of a class its place among the words; NaN where none is.

        Raises KeyError for a table that was read without them.
        """
        return self.panel.marks[self.recipe.label.label]

    @cached_property
    def spans(self) -> dict[str, Span]:
        """The rows of each part."""
        if self.recipe.deals_series:
            return {part: self.span_of(places) for part, places in self.parts.items()}
        shares, everything = self.recipe.data.split, whole_span(self.panel)
        split = split_panel(self.panel, train=shares.train, valid=shares.valid, test=shares.test)
        none = Span(everything.stop, everything.stop)
        spans = dict(split)
        return spans | {"train": everything, "test": none} if self.whole else spans

    def span(self, split: SplitName) -> Span:
        """The rows of a part, or all. Raises errors for a part without any."""
        if split == "all":
            return whole_span(self.panel)
        if self.recipe.deals_series:
            return self.span_of(self.places(split))
        if split == "test" and self.recipe.data.split.test == 0:
            raise no_test_span(self.panel.source)
        return self.spans[split]

    def span_rows(self, part: str) -> NDArray[np.int64]:
        """The numbers of the rows of a part, in the order of the panel."""
        span = self.spans[part]
        runs = zip(span.start.tolist(), span.stop.tolist(), strict=True)
        return np.concatenate([np.arange(start, stop) for start, stop in runs])

    def extent(self, split: SplitName) -> tuple[str, str] | None:
        """The first and the last time of a span; None where whole series are dealt out."""
        if self.recipe.deals_series:
            return None
        span, panel = self.span(split), self.panel
        inside = span.stop > span.start
        first = panel.timestamps[span.start[inside]].min()
        last = panel.timestamps[span.stop[inside] - 1].max()
        return panel.frequency.format(first), panel.frequency.format(last)

    @cached_property
    def learned(self) -> Learned:
        """The scaler of what is read, and facts of the labels of the training part."""
        if self.trained is not None:
            return self.trained
        train = self.spans["train"]
        known = train.rows(self.labels)
        known = known[~np.isnan(known)]
        name = self.recipe.label.label
        if not len(known):
            raise DataError(
                f"{self._where}: no label in the training part; expected some; check task.label or "
                "change data.split"
            )
        if self.is_class:
            numbers, counts = np.unique(known.astype(np.int64), return_counts=True)
            words = [self.panel.words[name][number] for number in numbers]
            counted = dict(zip(words, counts.tolist(), strict=True))
            facts = class_facts(counted, where=self._where, what="rows")
        else:
            facts = number_facts(self.recipe.data, name, known)
        return Learned(self.fit_inputs(train), facts)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the model's outputs."""
        return tuple(self.learned.facts["classes"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to learn from, and how many rows have no label."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.is_class:
            yield f"rows of {class_words(self.learned.facts)}"
        missing = int(np.isnan(self.labels).sum())
        if missing:
            yield f"{plural(missing, 'row')} without a label: read, and not judged"
        yield from vocabulary_notes(self.panel, self.learned.scaler)

    @cached_property
    def told(self) -> Tensor:
        """What a model learns to say of every row, on the device.

        Numbers of classes [N], -1 where none is known; or scaled numbers [N, 1], NaN where none is.
        """
        if not self.is_class:
            return scaled_answers(self.learned.facts, self.labels, self.device)
        return torch.from_numpy(self._numbered).to(self.device)

    @cached_property
    def _numbered(self) -> NDArray[np.int64]:
        """The number of the class of each row; -2 for one that was not trained on, -1 for none."""
        number_of = {name: number for number, name in enumerate(self.classes)}
        words = self.panel.words[self.recipe.label.label]
        numbers = np.array([*(number_of.get(word, -2) for word in words), -1])
        return numbers[np.where(np.isnan(self.labels), -1, self.labels).astype(np.int64)]

    def _check_known(self, span: Span) -> None:
        """Raise DataError for a class in a span that was not trained on."""
        for series, start in enumerate(span.start):
            strange = np.flatnonzero(self._numbered[start : span.stop[series]] == -2)
            if len(strange):
                row = int(start + strange[0])
                name = f" in series {quoted(self.panel.ids[series])}" if self.panel.ids[0] else ""
                word = self.panel.words[self.recipe.label.label][int(self.labels[row])]
                place = f"at {self.panel.frequency.format(self.panel.timestamps[row])}{name}"
                raise unknown_class(self._where, word, place, self.learned.facts)

    @property
    def _cut(self) -> Cut:
        recipe = self.recipe.label
        behind = recipe.overlap if self.recipe.model.bidirectional else 0
        return Cut(recipe.steps, recipe.overlap, behind)

    def samples(self, split: SplitName) -> Pieces:
        """The pieces of a part, or of all rows. Raises DataError where they say nothing."""
        span = self.span(split)
        if self.is_class:
            self._check_known(span)
        if np.isnan(span.rows(self.labels)).all():
            raise DataError(
                f"{self._where}: no label in any row of {split}; expected some; change data.split"
            )
        earliest = span.start if split == "train" else self.panel.bounds[:-1]
        return Pieces.of_span(self.tensors, span, self._cut, earliest=earliest, told=self.told)

    def everything(self) -> Pieces:
        """All rows, whether or not their labels are known."""
        whole = whole_span(self.panel)
        return Pieces.of_span(self.tensors, whole, self._cut, earliest=whole.start)
