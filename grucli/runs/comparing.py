"""Runs side by side: their scores, sizes and times, and where their recipes differ."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grucli.checkpoint import Checkpoint, load_checkpoint
from grucli.errors import CheckpointError, UsageError
from grucli.places import is_folder, is_there
from grucli.results import RunComparison, RunSummary
from grucli.runs.folder import RUNS, RunFolder
from grucli.runs.opened import recipe_of
from grucli.tasks import TASKS

_NAMED_APART = ("name",)
"""Keys of a recipe that every run has for itself."""


def compare(runs: Sequence[str] = ()) -> RunComparison:
    """Compare runs: their folders, checkpoints, or a folder of runs; none is ``runs/``.

    Of a folder of runs what cannot be read is named in a note. Raises UsageError where there is
    nothing to compare, CheckpointError for a named checkpoint that cannot be read.
    """
    found: list[tuple[RunSummary, Mapping[str, Any]]] = []
    notes: list[str] = []
    for place in runs or [RUNS]:
        for path, is_named in _checkpoints(Path(place)):
            try:
                saved = load_checkpoint(path)
                recipe = recipe_of(saved, path).model_dump(mode="json")
            except CheckpointError as error:
                if is_named:
                    raise
                notes.append(error.problems[0])
                continue
            found.append((_summary(path, saved), recipe))
    if not found:
        raise UsageError(
            f"{', '.join(map(str, runs or [RUNS]))}: no run here; expected folders that `grucli "
            "train` wrote, such as runs/co2; train one first"
        )
    key, sign = _order([summary for summary, _ in found])
    found.sort(key=lambda pair: _rank(pair[0], key, sign))
    return RunComparison(
        sorted_by=key,
        runs=tuple(summary for summary, _ in found),
        differences=_differences([recipe for _, recipe in found]),
        notes=tuple(notes),
    )


def _checkpoints(place: Path) -> Iterator[tuple[Path, bool]]:
    """The checkpoint of a run, or of each run in a folder, and whether it was named itself."""
    if not is_folder(place):
        if not is_there(place) and str(place) == RUNS:
            return
        yield place, True
        return
    own = RunFolder(place).newest_weights
    if own is not None:
        yield own, True
        return
    for entry in sorted(place.iterdir()):
        path = RunFolder(entry).newest_weights if entry.is_dir() else None
        if path is not None:
            yield path, False


def _summary(path: Path, saved: Checkpoint) -> RunSummary:
    progress, end = saved.progress, _last_line(RunFolder(path.parent).metrics)
    return RunSummary(
        run=str(path.parent if path.name in ("best.pt", "last.pt") else path),
        name=saved.recipe["name"],
        kind=saved.task["kind"],
        epoch=progress["epoch"],
        best_epoch=progress["best_epoch"],
        valid_loss=progress["best_valid_loss"],
        scores=progress["test_scores"] or {},
        parameters=sum(array.size for array in saved.weights.values()),
        bytes=path.stat().st_size,
        seconds=end.get("elapsed_seconds"),
        is_finished=end.get("kind") == "TrainingFinished",
        grucli=saved.versions["grucli"],
    )


def _last_line(log: Path) -> dict[str, Any]:
    """The last event of a run; {} where there is no log that can be read."""
    try:
        line = log.read_text("utf-8").splitlines()[-1]
        event = json.loads(line)
    except (OSError, ValueError, IndexError):
        return {}
    return event if isinstance(event, dict) else {}


def _order(runs: Sequence[RunSummary]) -> tuple[str, int]:
    """The metric of their task if all were scored, else the validation loss."""
    kinds = {run.kind for run in runs}
    if len(kinds) == 1:
        name, sign = TASKS[kinds.pop()].best_by
        if all(run.scores.get(name) is not None for run in runs):
            return name, sign
    return "valid_loss", 1


def _rank(run: RunSummary, key: str, sign: int) -> float:
    value = run.valid_loss if key == "valid_loss" else run.scores.get(key)
    return math.inf if value is None or math.isnan(value) else sign * value


def _differences(recipes: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """The keys that are not the same in all recipes, with the value that each has; None if none."""
    flat = [dict(_leaves(recipe)) for recipe in recipes]
    keys = dict.fromkeys(key for leaves in flat for key in leaves)
    values = {key: tuple(leaves.get(key) for leaves in flat) for key in keys}
    return {
        key: each
        for key, each in values.items()
        if key not in _NAMED_APART and any(value != each[0] for value in each)
    }


def _leaves(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from _leaves(value, key)
        else:
            yield key, value
