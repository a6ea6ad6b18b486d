"""The windows of a recipe by span, cut from one scaled tensor that the spans share."""

from dataclasses import dataclass, replace

from grucli.data import (
    AnyScaler,
    Panel,
    Scaler,
    SeriesScaler,
    Span,
    Split,
    build_tensors,
    check_calendar,
    fit_scaler,
    fit_vocabularies,
    measured_columns,
    split_panel,
    whole_span,
)
from grucli.nn.heads import COUNTS
from grucli.recipe import Recipe
from grucli.tasks.forecast.samples import Windows, build_windows
from grucli.tasks.task import no_test_span
from grucli.tensors import torch


@dataclass(frozen=True, eq=False)
class Dataset:
    """The windows of a recipe: those of the training span, and those that test what was learned.

    ``test`` is None where the recipe keeps no test span. ``fitted`` is what a checkpoint keeps,
    ``scaler`` what it makes of this panel.
    ``notes`` say of how many series there is none.
    """

    split: Split
    fitted: AnyScaler
    scaler: Scaler
    train: Windows
    valid: Windows
    test: Windows | None
    notes: tuple[str, ...]

    def windows(self, split: str) -> Windows:
        """Those of the span that is called train, valid or test. Raises UsageError without."""
        windows = {"train": self.train, "valid": self.valid, "test": self.test}[split]
        if windows is None:
            raise no_test_span(self.train.data.panel.source)
        return windows


def build_dataset(
    recipe: Recipe,
    panel: Panel,
    *,
    device: str,
    scaler: AnyScaler | None = None,
    whole: bool = False,
) -> Dataset:
    """Split, scale and cut a panel; the scaler is fitted on the training span if none is given.

    The spans share one scaled tensor. With ``whole`` all rows are learned from, and none judged by.
    """
    shares = recipe.data.split
    split = split_panel(panel, train=shares.train, valid=shares.valid, test=shares.test)
    if whole:
        everything = whole_span(panel)
        split = replace(split, train=everything, test=Span(everything.stop, everything.stop))
    fitted = scaler or _fit_scaler(recipe, panel, split.train)
    scaler = fitted.of(panel, split.train)
    data = build_tensors(panel, scaler, torch.device(device))
    train = build_windows(data, split.train, recipe.forecast, lookback=False)
    valid = build_windows(data, split.valid, recipe.forecast, lookback=True)
    test = None
    if shares.test != 0 and not whole:
        test = build_windows(data, split.test, recipe.forecast, lookback=True)
    notes = [
        f"{panel.series - windows.samples.series} of {panel.series} series are too short for a "
        f"{name} window and were left out there"
        for name, windows in (("training", train), ("validation", valid), ("test", test))
        if windows is not None and windows.samples.series < panel.series
    ]
    return Dataset(split, fitted, scaler, train, valid, test, tuple(notes))


def _fit_scaler(recipe: Recipe, panel: Panel, train: Span) -> AnyScaler:
    data, columns = recipe.data, panel.columns
    measured = measured_columns(panel, train)
    counts = columns.targets if recipe.forecast.output_kind == COUNTS else ()
    check_calendar(panel, train, data.calendar)
    whole = fit_scaler(
        data.scale,
        measured,
        columns.values,
        as_is=(*columns.calendar, *counts),
        transform=data.transform,
        transformed=columns.targets,
        vocabularies=fit_vocabularies(panel, train),
    )
    if data.scale_by == "table":
        return whole
    return SeriesScaler.fit(whole, panel, train, data.series)
