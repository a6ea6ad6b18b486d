"""A recipe's table, cut into samples and measured: all that a run knows before it has a model."""

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
from grucli.runs.tables import read_judged
from grucli.tasks import Task, TaskData, task_of


@dataclass(frozen=True, eq=False)
class PreparedData:
    """The table of a recipe as its task reads it."""

    recipe: Recipe
    task: Task[Any, Any]
    read: TaskData

    @classmethod
    def of(
        cls, recipe: Recipe, *, device: str, whole: bool = False, panel: Panel | None = None
    ) -> "PreparedData":
        """Read the table, or take one that was read; with ``whole`` all of it is learned from.

        The recipe then says which of its columns were found to be categories.
        """
        task, panel = task_of(recipe), panel or read_judged(recipe)
        recipe = recipe.with_categories(panel.columns.categories)
        return cls(recipe, task, task.prepare(recipe, panel, device=device, whole=whole))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The table in short, so that a resumed run can see whether it changed, and up to which
        time it was learned from, None where whole series are dealt out.
        """
        panel = self.read.panel
        digest = hashlib.sha256(panel.values.tobytes())
        digest.update(panel.observed.tobytes())
        digest.update(panel.timestamps.tobytes())
        digest.update(panel.bounds[1:-1].tobytes())
        for texts in (*panel.texts.values(), *panel.categories.values()):
            digest.update("\0".join(texts).encode())
        for name, mark in panel.marks.items():
            digest.update(mark.tobytes())
            digest.update("\0".join(panel.words.get(name, ())).encode())
        return {
            "path": panel.source,
            "rows": len(panel.values),
            "sha256": digest.hexdigest(),
            "learned_until": (self.read.extent("train") or (None, None))[1],
        }

    def checkpoint(
        self,
        weights: Mapping[str, Any],
        progress: Mapping[str, Any],
        state: Mapping[str, Any] | None,
        *,
        deviations: Mapping[str, Mapping[str, float]],
        calibration: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        """Weights with all that gives their numbers meaning; ``state`` is what resuming needs."""
        panel, learned = self.read.panel, self.read.learned
        return Checkpoint(
            recipe=self.recipe.model_dump(mode="json"),
            time=panel.time,
            columns=list(panel.columns.values),
            frequency=panel.frequency.to_plain(),
            scaler=learned.scaler.to_plain(),
            task={"kind": self.task.kind, "facts": dict(learned.facts)},
            data=self.summary,
            weights=weights,
            progress=progress,
            versions={"grucli": __version__, "torch": str(torch.__version__)},
            training=state,
            deviations=deviations,
            calibration=calibration,
        )
