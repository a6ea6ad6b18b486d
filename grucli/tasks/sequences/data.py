"""A table whose whole series are samples: dealt out in three parts, scaled by the training one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grucli.data import (
    AnyScaler,
    Panel,
    PanelTensors,
    Scaler,
    Span,
    build_tensors,
    check_calendar,
    fit_scaler,
    fit_vocabularies,
    measured_columns,
    whole_span,
)
from grucli.errors import DataError
from grucli.recipe import Recipe
from grucli.results import SplitName
from grucli.tasks.sequences.parts import Places, deal
from grucli.tasks.sequences.samples import Sequences
from grucli.tasks.task import Learned, no_test_span
from grucli.tensors import torch


@dataclass(frozen=True, eq=False)
class SequenceData(ABC):
    """``trained`` is what a trained model knows; None takes it from this table's training part.

    With ``whole`` that is all of the table. A table that was read without what it is judged by has
    no parts: all of it can be predicted, and nothing else.
    """

    recipe: Recipe
    panel: Panel
    device: str
    trained: Learned | None = None
    whole: bool = False

    @property
    @abstractmethod
    def kinds(self) -> Sequence[str]:
        """The kind of each series: every part holds the kinds in proportion."""

    @property
    @abstractmethod
    def learned(self) -> Learned:
        """That of a trained model, or what the training part says."""

    @cached_property
    def parts(self) -> dict[str, Places]:
        """The numbers of the series of each part."""
        parts = deal(self.panel, self.kinds, self.recipe.data.split)
        everything = np.arange(self.panel.series)
        return parts | {"train": everything, "test": everything[:0]} if self.whole else parts

    def places(self, split: SplitName) -> Places:
        """The numbers of the series of a part, or all. Raises errors for a part without any."""
        places = np.arange(self.panel.series) if split == "all" else self.parts[split]
        if split == "test" and self.recipe.data.split.test == 0:
            raise no_test_span(self.panel.source)
        if not len(places):
            raise DataError(
                f"{self.panel.source}: no series of the part {split}: data.split.test names a "
                "table, and this is another one; expected --split test or all"
            )
        return places

    def span_of(self, places: Places) -> Span:
        """All rows of some series, and none of the others."""
        whole = whole_span(self.panel)
        stop = whole.start.copy()
        stop[places] = whole.stop[places]
        return Span(whole.start, stop)

    def fit_inputs(self, train: Span) -> AnyScaler:
        """The scaler of the columns that are read, on these rows.

        Raises DataError for a column, or a part of the calendar, that is the same in all of them.
        """
        check_calendar(self.panel, train, self.recipe.data.calendar)
        return fit_scaler(
            self.recipe.data.scale,
            measured_columns(self.panel, train),
            self.panel.columns.values,
            as_is=self.panel.columns.calendar,
            vocabularies=fit_vocabularies(self.panel, train),
        )

    @cached_property
    def tensors(self) -> PanelTensors:
        """The whole table, scaled, on the device."""
        return build_tensors(self.panel, self.newest_scaler, torch.device(self.device))

    @property
    def newest_scaler(self) -> Scaler:
        """Between the table's units and those that the model reads."""
        return self.learned.scaler.of(self.panel, whole_span(self.panel))

    def extent(self, split: SplitName) -> tuple[str, str] | None:
        """None: whole series are dealt out."""
        return None

    def everything(self) -> Sequences:
        """All sequences, whether or not what is to be said of them is known."""
        return Sequences.of_series(self.tensors, np.arange(self.panel.series))

    @property
    def ids(self) -> dict[str, tuple[str, ...]]:
        """What each series is called: column of names -> a text for each."""
        return {name: self.panel.texts[name] for name in self.recipe.data.series}
