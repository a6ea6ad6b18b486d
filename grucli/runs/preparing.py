"""A recipe's table, cut into windows and measured: all that a run knows before it has a model."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from grucli import __version__, build
from grucli.build import Dataset
from grucli.checkpoint import Checkpoint
from grucli.data import Panel
from grucli.recipe import Recipe
from grucli.runs.scoring import Yardstick
from grucli.tasks.forecast.score import Scale
from grucli.tasks.forecast.season import infer_season
from grucli.tasks.forecast.sums import naive_in_sample_mae


@dataclass(frozen=True)
class PreparedData:
    """The table of a recipe, its windows, and what errors on them are measured with."""

    recipe: Recipe
    panel: Panel
    dataset: Dataset
    yardstick: Yardstick

    @classmethod
    def of(cls, recipe: Recipe, *, device: str) -> "PreparedData":
        """Read the table and cut it; season and scale come from the training span alone."""
        panel = build.build_panel_of(recipe.data)
        dataset = build.build_dataset(recipe, panel, device=device)
        targets, span = len(recipe.data.target), dataset.split.train
        rows = slice(span.start, span.stop)
        season = recipe.task.season or infer_season(
            panel.values[rows, 0], panel.frequency.calendar_season
        )
        naive_mae = naive_in_sample_mae(
            panel.values[rows, :targets], panel.observed[rows, :targets], season
        )
        scaler = dataset.scaler
        yardstick = Yardstick(scaler, Scale.of(scaler, naive_mae), season)
        return cls(recipe, panel, dataset, yardstick)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The table in short, so that a resumed run can see whether it changed."""
        digest = hashlib.sha256(self.panel.values.tobytes())
        digest.update(self.panel.observed.tobytes())
        digest.update(self.panel.timestamps.tobytes())
        return {
            "path": self.recipe.data.path,
            "rows": len(self.panel.values),
            "sha256": digest.hexdigest(),
        }

    def checkpoint(
        self,
        weights: Mapping[str, Any],
        progress: Mapping[str, Any],
        state: Mapping[str, Any] | None,
        *,
        deviations: Mapping[str, Mapping[str, float]],
    ) -> Checkpoint:
        """Weights with all that gives their numbers meaning; ``state`` is what resuming needs."""
        return Checkpoint(
            recipe=self.recipe.model_dump(mode="json"),
            time=self.panel.time,
            columns=list(self.panel.columns),
            frequency=self.panel.frequency.to_plain(),
            scaler=self.yardstick.scaler.to_plain(),
            season_steps=self.yardstick.season,
            naive_mae=[float(value) for value in self.yardstick.scale.naive_mae],
            data=self.summary,
            weights=weights,
            progress=progress,
            versions={"grucli": __version__, "torch": str(torch.__version__)},
            training=state,
            deviations=deviations,
        )
