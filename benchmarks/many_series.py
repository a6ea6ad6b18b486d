"""Train one model of many series: time, and memory beside what a copy of each window would take.

    python benchmarks/many_series.py [--series 10000] [--rows 500] [--hidden 32] [--threads 1]

Writes a CSV of so many random walks and trains one epoch of it, ``grucli.train`` in this process.
Memory is that of the whole process, in MiB beyond what it had after a run on a few of the series:
``at the first step``, when the table is read, cut and scaled, ``at the last step``, and ``most`` at
any time. Seconds are of processor time, so that programs beside this one disturb less.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from processes import STATUS, peak_mib

import grucli
from grucli.nn.native.binding import kernel_words
from grucli.results import Step
from grucli.training.observers import Observer
from grucli.training.progress import Training

CONTEXT, HORIZON = 48, 12
RECIPE = """\
name: walks
data: {{path: walks.csv, time: day, series: id, target: y, split: {{valid: 0.1, test: 0.1}}}}
task: {{context: {context}, horizon: {horizon}, normalise: last_scaled}}
model: {{cell: gru, layer_norm: split, hidden: {hidden}}}
train: {{epochs: 1, batch_size: 1024}}
"""


def resident_mib() -> float:
    """Memory that this process has now."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


class Memory(Observer):
    """Memory and processor time when the first step is taken, and after each."""

    name = "memory"

    def begin(self, training: Training) -> None:
        """Before the first step."""
        self.first, self.began = resident_mib(), time.process_time()

    def after_step(self, training: Training, step: Step) -> None:
        """One more."""
        self.last, self.steps = resident_mib(), training.step
        self.seconds = time.process_time() - self.began


def write_walks(path: Path, series: int, rows: int) -> None:
    """Random walks of ``rows`` days each, one below the other, one held at a time."""
    days = np.datetime64("2020-01-01") + np.arange(rows)
    draw = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("id,day,y\n")
        for number in range(series):
            values = draw.normal(0, 1, rows).cumsum()
            pairs = zip(days, values, strict=True)
            file.writelines(f"s{number},{day},{value:.3f}\n" for day, value in pairs)


def main() -> None:
    """Print what one epoch took, then the same as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        table, recipe = Path(place) / "walks.csv", Path(place) / "walks.yaml"
        recipe.write_text(RECIPE.format(context=CONTEXT, horizon=HORIZON, hidden=options.hidden))
        for series in (20, options.series):
            memory = Memory()
            write_walks(table, series, options.rows)
            before, began = resident_mib(), time.process_time()
            run = Path(place) / f"run{series}"
            grucli.train(recipe, run_dir=run, threads=options.threads, observers=[memory])
        seconds, csv = time.process_time() - began, table.stat().st_size / 2**20
    total = options.series * options.rows
    train_rows = options.rows - 2 * int(0.1 * options.rows)
    windows = options.series * (train_rows - CONTEXT - HORIZON + 1)
    found = {
        "rows": total,
        "training windows": windows,
        "table as CSV, MiB": csv,
        "table in float32, MiB": total * 4 / 2**20,
        "a copy of each training window, MiB": windows * (CONTEXT + HORIZON) * 4 / 2**20,
        "at the first step, MiB": memory.first - before,
        "at the last step, MiB": memory.last - before,
        "most, MiB": peak_mib() - before,
        "steps": memory.steps,
        "milliseconds a step": memory.seconds / memory.steps * 1000,
        "seconds, all": seconds,
    }
    print(f"torch {torch.__version__}, {kernel_words()}, {options.threads} threads")
    print(f"{options.series} series of {options.rows} rows, hidden {options.hidden}")
    for name, number in found.items():
        print(f"{name:36}{number:14,.4g}" if number < 1000 else f"{name:36}{number:14,.0f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
