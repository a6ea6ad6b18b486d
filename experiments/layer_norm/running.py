"""Train the runs of an experiment, and keep what they measured so that none is made twice."""

import gzip
import hashlib
import io
import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import grucli
from experiments.layer_norm.grid import SCALES, Experiment, Row
from grucli.errors import TrainingError
from grucli.files import write_atomically
from grucli.recipe import load_recipe
from grucli.runs import tracing
from grucli.training.observers import Observer
from grucli.training.progress import Training
from tools.make_data import make_adding

REPOSITORY = Path(__file__).parent.parent.parent
FOLDER = REPOSITORY / "runs" / "layer_norm"
RECIPES = REPOSITORY / "recipes" / "layer_norm"
GENERATED, STEPS = "adding500", 500
LAGS = tuple(sorted({round(float(lag)) - 1 for lag in np.geomspace(1, STEPS, 40)}))
"""Lags at which a gradient is kept: every one at first, then ever fewer."""

Measured = dict[str, Any]


def table_path(folder: Path, scale: float) -> Path:
    """The generated table whose inputs are multiplied by ``scale``."""
    return folder / (f"{GENERATED}_x{scale:g}.csv" if scale != 1 else f"{GENERATED}.csv")


def reference(name: str) -> Path:
    """A public table in the folder that was named."""
    return Path(os.environ.get("GRUCLI_REFERENCE_DATA", ""), name).resolve()


def write_tables(folder: Path, *, episodes: int = 1000) -> None:
    """The adding problem over 500 steps, its two inputs multiplied by each scale, its sum not."""
    packed = make_adding(episodes=episodes, steps=STEPS, seed=STEPS)
    drawn = pd.read_csv(io.BytesIO(gzip.decompress(packed)))
    folder.mkdir(parents=True, exist_ok=True)
    for scale in SCALES:
        inputs = {name: (drawn[name] * scale).round(5) for name in ("value", "marker")}
        drawn.assign(**inputs).to_csv(table_path(folder, scale), index=False)


def digest(recipe: str) -> str:
    """A recipe's settings in short: what was measured with others does not count."""
    lines = (RECIPES / f"{recipe}.yaml").read_text().splitlines()
    settings = "\n".join(line for line in lines if not line.startswith("#"))
    return hashlib.sha256(settings.encode()).hexdigest()[:12]


def run_name(experiment: Experiment, row: Row, *changes: str) -> str:
    """What a run is kept under: its recipe, scale and changes, the last of them its seed."""
    scale = () if row.scale == 1 else (f"x{row.scale:g}",)
    drawn = ("same draws",) if experiment.same_draws else ()
    return " ".join((experiment.recipe, *drawn, *scale, *row.changes, *changes))


class SameDraws(Observer):
    """Begins from matrices that depend on the seed and their names alone, and biases of 0.

    Without it a plain and a normalised network of one seed begin from different matrices: biases
    are drawn in between, where there is no normalisation. The draw stays uniform within
    1/sqrt(hidden).
    """

    name = "same_draws"

    def __init__(self, seed: int, hidden: int) -> None:
        self.seed, self.bound = seed, hidden**-0.5

    @torch.no_grad()
    def begin(self, training: Training) -> None:
        """Draw again."""
        for name, parameter in training.model.named_parameters():
            if parameter.dim() > 1:
                own = torch.Generator().manual_seed(zlib.crc32(name.encode()) + self.seed)
                parameter.uniform_(-self.bound, self.bound, generator=own)
            elif "bias" in name:
                parameter.zero_()


@dataclass
class Bench:
    """A folder of tables and results. ``changes`` go to every run on top of its own."""

    folder: Path
    seeds: int = 5
    changes: tuple[str, ...] = ()
    say: Callable[[str], None] = print
    results: dict[str, Measured] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            self.results = json.loads(self.path.read_text())

    @property
    def path(self) -> Path:
        """Where results are kept."""
        return self.folder / "results.json"

    def names(self, experiment: Experiment, row: Row) -> list[str]:
        """What the runs of a row are kept under, by seed."""
        changes = self.changes
        return [run_name(experiment, row, *changes, f"seed={n}") for n in range(self.seeds)]

    def of(self, experiment: Experiment, row: Row) -> list[Measured]:
        """What was measured of a row, by seed."""
        return [self.results[name] for name in self.names(experiment, row)]

    def take(self, experiment: Experiment, kept: Mapping[str, Measured]) -> None:
        """Take over what was measured before."""
        for row in experiment.rows:
            self.results |= {name: kept[name] for name in self.names(experiment, row)}

    def measure(self, experiment: Experiment) -> None:
        """Make all runs of an experiment that are not there yet."""
        made = digest(experiment.recipe)
        for row in experiment.rows:
            for seed, name in enumerate(self.names(experiment, row)):
                kept = self.results.get(name, {})
                if kept.get("recipe") == made and ("gradient" in kept or not row.traced):
                    continue
                self.say(name)
                self.results[name] = {"recipe": made, **self._run(experiment, row, seed)}
                write_atomically(self.path, json.dumps(self.results).encode())

    def _run(self, experiment: Experiment, row: Row, seed: int) -> Measured:
        place = self.folder / "run"
        changes = [*row.changes, *self.changes, f"train.seed={seed}"]
        if experiment.recipe == GENERATED:
            changes.append(f"data.path={self._table(row.scale)}")
        changes += [f"{key}={reference(name)}" for key, name in experiment.tables]
        shutil.rmtree(place, ignore_errors=True)
        failure = {}
        try:
            path = RECIPES / f"{experiment.recipe}.yaml"
            hidden = load_recipe(path, changes).model.hidden
            watching = [SameDraws(seed, hidden)] if experiment.same_draws else []
            grucli.train(path, changes, run_dir=place, threads=1, observers=watching)
        except TrainingError as error:
            failure["failure"] = str(error).partition(";")[0]
        epochs = _epochs(place / "metrics.jsonl")
        return {
            "steps": [epoch["step"] for epoch in epochs],
            "valid": [rounded(epoch["valid_loss"]) for epoch in epochs],
            **failure,
            **(_gradient(place / "best.pt") if row.traced else {}),
            **(_accuracy(place / "best.pt") if experiment.tables else {}),
        }

    def _table(self, scale: float) -> Path:
        path = table_path(self.folder, scale)
        if not path.exists():
            write_tables(self.folder)
        return path.resolve()


def rounded(value: float) -> float:
    """Four digits, as results are kept."""
    return float(f"{value:.4g}")


def _epochs(metrics: Path) -> list[dict[str, Any]]:
    lines = metrics.read_text().splitlines() if metrics.exists() else []
    return [entry for entry in map(json.loads, lines) if "valid_loss" in entry]


def _accuracy(checkpoint: Path) -> Measured:
    """What `grucli eval` measures on the test span."""
    return {"accuracy": rounded(grucli.evaluate(checkpoint).model.accuracy)}


def _gradient(checkpoint: Path) -> Measured:
    """What `grucli trace` measures of one layer."""
    (layer,) = tracing.trace(checkpoint).report.layers
    by_lag = layer.gradient_by_lag
    assert by_lag is not None
    return {
        "gradient": [rounded(by_lag[lag]) for lag in LAGS],
        "reach": layer.gradient_hundredth_lag,
        "lyapunov": None
        if layer.largest_lyapunov_exponent is None
        else rounded(layer.largest_lyapunov_exponent),
    }
