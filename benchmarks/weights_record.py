"""What the record of the weights costs: the same recipe trained with and without it.

    python benchmarks/weights_record.py recipes/co2.yaml [--epochs 12] [--set KEY=VALUE]...

Two runs of equal seed go on side by side in one process, some epochs of the one, then as many of
the other, so that both see the same machine. Each is what `grucli train` does, validation and files
included. A turn has as many epochs as one record at their end stands for. Printed are the medians
over all turns but the first, in milliseconds a step, and their ratio; the first turn has the
initialisation, the log-spaced steps and whatever the record loads only once.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from grucli.insight.record import FEWEST_STEPS
from grucli.recipe import Recipe, load_recipe
from grucli.results import Epoch, Step
from grucli.runs.folder import RunFolder
from grucli.runs.training import TrainingRun


def epochs_of(recipe: Recipe, folder: Path, *, recorded: bool) -> Iterator[list[float]]:
    """Train, and give the seconds between the events of every epoch: its steps, then its end."""
    run = TrainingRun(recipe, RunFolder(folder), "cpu", resume=False)
    if not recorded:
        run.observers.clear()
    times: list[float] = []
    began = time.perf_counter()
    for event in run.loop():
        if isinstance(event, (Step, Epoch)):
            times.append(time.perf_counter() - began)
            if isinstance(event, Epoch):
                yield times
                times = []
            began = time.perf_counter()


def steps_per_epoch(recipe: Recipe) -> int:
    """Optimiser steps in one epoch of a recipe."""
    with tempfile.TemporaryDirectory() as place:
        return (
            TrainingRun(recipe, RunFolder(Path(place)), "cpu", resume=False)
            .started()
            .steps_per_epoch
        )


def measure(recipe: Recipe, turns: int) -> dict[bool, list[list[float]]]:
    """Seconds between events by turn, with the record (True) and without (False)."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "warm").mkdir()
        next(epochs_of(recipe, Path(place) / "warm", recorded=False))
        folders = {recorded: Path(place) / str(recorded) for recorded in (False, True)}
        for folder in folders.values():
            folder.mkdir()
        runs = {key: epochs_of(recipe, folders[key], recorded=key) for key in folders}
        found: dict[bool, list[list[float]]] = {False: [], True: []}
        for turn in range(turns):
            for recorded in (False, True) if turn % 2 else (True, False):
                epochs = [next(runs[recorded]) for _ in range(recipe.train.epochs // turns)]
                found[recorded].append([time for times in epochs for time in times])
        return found


def main() -> None:
    """Measure what the command line asks for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    changes = ["train.patience=null", *given.set]
    steps = steps_per_epoch(load_recipe(given.recipe, changes))
    each = math.ceil(FEWEST_STEPS / steps)
    recipe = load_recipe(given.recipe, [*changes, f"train.epochs={given.turns * each}"])
    found = measure(recipe, given.turns)
    print(f"{given.recipe}: {given.turns} turns of {each} epochs of {steps} steps, one thread")
    print(f"{'ms a step':18}{'without':>10}{'with':>10}{'ratio':>9}")
    rows = {
        "step alone": lambda turns: statistics.median(t for times in turns[1:] for t in times),
        "with all it takes": lambda turns: statistics.median(map(sum, turns[1:])) / steps / each,
        "first turn": lambda turns: sum(turns[0]) / steps / each,
        "whole run": lambda turns: sum(map(sum, turns)) / steps / each / given.turns,
    }
    for name, take in rows.items():
        without, with_record = take(found[False]), take(found[True])
        ratio = with_record / without
        print(f"{name:18}{1e3 * without:>10.3f}{1e3 * with_record:>10.3f}{ratio:>9.4f}")


if __name__ == "__main__":
    main()
