"""A recipe's table, cut into windows and measured: all that a run knows before it has a model."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from grucli import __version__
from grucli.checkpoint import Checkpoint
from grucli.data import Panel
from grucli.recipe import Recipe
from grucli.runs.scoring import Yardstick
from grucli.runs.tables import read_panel
from grucli.tasks.forecast.samples import Dataset, build_dataset


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
        panel = read_panel(recipe.data)
        dataset = build_dataset(recipe, panel, device=device)
        yardstick = Yardstick.of_training(recipe, panel, dataset)
        return cls(recipe, panel, dataset, yardstick)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The table in short, so that a resumed run can see whether it changed."""
        digest = hashlib.sha256(self.panel.values.tobytes())
        digest.update(self.panel.observed.tobytes())
        digest.update(self.panel.timestamps.tobytes())
        digest.update(self.panel.bounds[1:-1].tobytes())
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
            columns=list(self.panel.columns.values),
            frequency=self.panel.frequency.to_plain(),
            scaler=self.yardstick.scaler.to_plain(),
            task={"kind": self.recipe.task.kind, "facts": self.yardstick.to_facts()},
            data=self.summary,
            weights=weights,
            progress=progress,
            versions={"grucli": __version__, "torch": str(torch.__version__)},
            training=state,
            deviations=deviations,
        )
