"""What errors are measured with, all of it from the training span."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grucli.data import Panel
from grucli.forms import Fields, Form, Listed, Maybe, Number, Text
from grucli.recipe import Recipe
from grucli.tasks.forecast.dataset import Dataset
from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.season import Season, find_season
from grucli.tasks.forecast.sums import naive_in_sample_mae


def facts_form(targets: int) -> Form:
    """What the facts of a model of so many targets have to be."""
    return Fields(
        {
            "season_steps": Maybe(Number(least=1, most=2**31, whole=True)),
            "naive_mae": Listed(Number(least=0, not_a_number=True), least=targets, most=targets),
        },
        {"season_reason": Text()},
    )


@dataclass(frozen=True)
class Yardstick:
    """The season, and the in-sample errors [C_out] that mase divides by.

    These are the facts that a checkpoint keeps of a forecast.
    """

    season: Season
    naive_mae: Array

    @classmethod
    def of_training(cls, recipe: Recipe, panel: Panel, dataset: Dataset) -> "Yardstick":
        """That of the training span; the season is the first target's."""
        columns, span = panel.columns, dataset.split.train
        targets = columns.target_places
        season = _season(recipe, panel, span.parts(panel.values[:, targets.start]))
        series = zip(
            span.parts(panel.values[:, targets]),
            span.parts(panel.observed[:, targets]),
            strict=True,
        )
        return cls(season, naive_in_sample_mae(series, len(columns.targets), season.steps))

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> "Yardstick":
        """That of the run that a checkpoint is of; older ones do not say where it is from."""
        season = Season(facts["season_steps"], facts.get("season_reason", ""))
        return cls(season, np.asarray(facts["naive_mae"]))

    def to_facts(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "season_steps": self.season.steps,
            "season_reason": self.season.reason,
            "naive_mae": [float(mae) for mae in self.naive_mae],
        }


def _season(recipe: Recipe, panel: Panel, first_target: Iterable[Array]) -> Season:
    """What the recipe says, or what the training rows of the first target do."""
    task = recipe.forecast
    if task.season is not None:
        return Season(task.season, "as task.season says")
    calendar = panel.frequency.calendar_seasons
    return find_season(first_target, calendar, context_steps=task.context)
