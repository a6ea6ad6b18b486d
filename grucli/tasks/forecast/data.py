"""A table as a forecast reads it: windows of its spans, and what their errors are measured by."""

from dataclasses import dataclass, replace
from functools import cached_property

from grucli.data import (
    Panel,
    PanelTensors,
    Scaler,
    build_tensors,
    coarse_columns,
    in_float64,
    vocabulary_notes,
    whole_span,
)
from grucli.recipe import Recipe
from grucli.results import SplitName
from grucli.tasks.forecast.dataset import Dataset, build_dataset
from grucli.tasks.forecast.measures import Yardstick
from grucli.tasks.forecast.samples import Windows, build_windows
from grucli.tasks.task import Learned
from grucli.tensors import torch


@dataclass(frozen=True, eq=False)
class ForecastData:
    """``trained`` is what a trained model knows; None takes it from this table's training span.

    With ``whole`` that is all of the table.
    """

    recipe: Recipe
    panel: Panel
    device: str
    trained: Learned | None = None
    whole: bool = False

    @cached_property
    def dataset(self) -> Dataset:
        """The windows of all spans; the scaler is fitted on the training span if none is known."""
        scaler = None if self.trained is None else self.trained.scaler
        return build_dataset(
            self.recipe, self.panel, device=self.device, scaler=scaler, whole=self.whole
        )

    def scaler(self, split: SplitName) -> Scaler:
        """Between the table's units and those that the model reads of the samples of a span.

        Of all samples a series that was not trained on is scaled by its first context, which is
        history to each of them.
        """
        if split != "all":
            return self._held(self.dataset.scaler)
        first = whole_span(self.panel).first(self.recipe.forecast.context)
        return self._held(self.learned.scaler.of(self.panel, first))

    @property
    def newest_scaler(self) -> Scaler:
        """The same for what follows the table: all of it is history."""
        return self._held(self.learned.scaler.of(self.panel, whole_span(self.panel)))

    def _held(self, scaler: Scaler) -> Scaler:
        """One that gives back only what task.numbers allows."""
        return replace(scaler, numbers=self.recipe.forecast.numbers)

    @cached_property
    def yardstick(self) -> Yardstick:
        """What errors are measured with."""
        if self.trained is None:
            return Yardstick.of_training(self.recipe, self.panel, self.dataset)
        return Yardstick.of_facts(self.trained.facts)

    @property
    def learned(self) -> Learned:
        """What a checkpoint has to keep of the table."""
        return self.trained or Learned(self.dataset.fitted, self.yardstick.to_facts())

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on series that were too short, and on columns too coarse for the model."""
        scaler = self.dataset.scaler
        notes = vocabulary_notes(self.panel, scaler)
        return (*self.dataset.notes, *coarse_columns(self.panel, scaler), *notes)

    def samples(self, split: SplitName) -> Windows:
        """The windows of a span, or every window of the table."""
        return self._whole if split == "all" else self.dataset.windows(split)

    def extent(self, split: SplitName) -> tuple[str, str] | None:
        """The first and the last time that are forecast in a span, of all series."""
        spans = dict(self.dataset.split)
        span, panel = spans.get(split, whole_span(self.panel)), self.panel
        inside = span.stop > span.start
        first = panel.timestamps[span.start[inside]].min()
        last = panel.timestamps[span.stop[inside] - 1].max()
        return panel.frequency.format(first), panel.frequency.format(last)

    @cached_property
    def _whole(self) -> Windows:
        tensors = build_tensors(self.panel, self.scaler("all"), torch.device(self.device))
        return build_windows(tensors, whole_span(self.panel), self.recipe.forecast)

    def exact_samples(self, split: SplitName) -> Windows:
        """The same windows in float64, which baselines are computed in."""
        windows = self.samples(split)
        if split == "all":
            return replace(windows, data=in_float64(windows.data, self.scaler(split)))
        return replace(windows, data=self._exact)

    @cached_property
    def _exact(self) -> PanelTensors:
        return in_float64(self.dataset.train.data, self.dataset.scaler)

    def fit_on(self, split: SplitName) -> tuple[Windows, Windows] | None:
        """Training and validation windows, to fit baselines on; None where all are judged."""
        if split == "all":
            return None
        return self.exact_samples("train"), self.exact_samples("valid")
