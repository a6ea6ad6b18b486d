"""Whole training runs of the same small task: grucli beside a plain PyTorch loop and two libraries.

    python benchmarks/training.py [--steps N] [--rounds N] [--threads N] [--peers FOLDER]

One generated CSV, 96 rows to 24, hidden 64, batches of 32, the same number of optimiser steps with
Adam on the mean squared error, no validation that the others do not do. Each run is a process of
its own that prints the time its steps took; the runs take turns and medians are printed, with the
peak memory of the whole process. On a busy machine the processor time of a step tells more than
steps a second; that of grucli has its validation, records and files in it. NeuralForecast's GRU and
Darts' BlockRNNModel join where ``--peers`` names a folder; their environments are made in it the
first time. Below the table stands what the matrix products of the GRU alone would take at the rate
that torch.mm reaches between the turns, beside a quarter of the fastest other.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

import numpy as np
import torch
from kernel import SGEMM, Turn, operations, sgemm_rate

HERE = Path(__file__).parent
CONSTRAINTS = HERE.parent / "constraints.txt"
RECIPE = """\
name: bench
data: {{path: series.csv, time: step, target: y, split: {{valid: 130, test: 130}}}}
task: {{context: 96, horizon: 24}}
model: {{cell: gru, layer_norm: {layer_norm}, hidden: 64}}
train: {{batch_size: 32, epochs: {epochs}, patience: null, clip: null}}
"""
PEERS = {"neuralforecast": "neuralforecast", "darts": "darts[torch]"}
ROWS = 4096
SHAPE = (32, 96, 1, 64)
"""B, T, C, H of the recipe."""


def write_series(folder: Path) -> None:
    """A noisy wave on a slope, numbered rows."""
    steps = np.arange(ROWS)
    values = np.sin(steps / 12) + 1e-3 * steps + np.random.default_rng(0).normal(0, 0.1, ROWS)
    lines = [f"{step},{value:.6f}" for step, value in zip(steps, values, strict=True)]
    (folder / "series.csv").write_text("\n".join(["step,y", *lines]) + "\n")


def environment(folder: Path, name: str, package: str) -> Path:
    """The interpreter of a peer's own environment, made if it is not there."""
    place = folder / name
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        torch = next(line for line in CONSTRAINTS.read_text().splitlines() if "torch==" in line)
        for wanted in ([torch], [torch, package]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def contenders(folder: Path, steps: int, peers: Path | None) -> dict[str, list[str]]:
    """Name and command of every run; each prints one JSON line."""
    windows = ROWS - 260 - 96 - 24 + 1
    epochs = max(1, round(steps / -(-windows // 32)))
    for layer_norm in ("none", "split"):
        text = RECIPE.format(layer_norm=layer_norm, epochs=epochs)
        (folder / f"{layer_norm}.yaml").write_text(text)
    count = str(epochs * -(-windows // 32))
    runner = str(HERE / "peers" / "run_grucli.py")
    found = {
        f"grucli, {name}": [sys.executable, runner, str(folder / f"{layer_norm}.yaml")]
        for layer_norm, name in (("none", "no layer norm"), ("split", "layer norm split"))
    }
    found["plain PyTorch loop"] = [
        sys.executable,
        str(HERE / "peers" / "run_torch.py"),
        str(folder / "series.csv"),
        count,
    ]
    for name, package in PEERS.items() if peers is not None else ():
        assert peers is not None
        python = environment(peers, name, package)
        script = HERE / "peers" / f"run_{name}.py"
        found[name] = [str(python), str(script), str(folder / "series.csv"), count]
    return found


def take_turns(
    runs: dict[str, list[str]], threads: int, rounds: int
) -> tuple[dict[str, dict[str, float]], float]:
    """Medians of what every run printed, and GFLOP/s of torch.mm in between."""
    torch.set_num_threads(threads)
    square = torch.randn(SGEMM, SGEMM)
    results: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    rates = []
    for _ in range(rounds):
        for name, command in runs.items():
            whole = [*command, str(threads)]
            done = subprocess.run(whole, capture_output=True, text=True, check=True)
            results[name].append(json.loads(done.stdout.splitlines()[-1]))
            rates.append(sgemm_rate(processor_milliseconds(lambda: square @ square) / threads))
    table = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in results.items()
    }
    return table, statistics.median(rates)


def processor_milliseconds(turn: Turn) -> float:
    """Processor time of all threads for one turn, the median of some."""
    times = []
    for _ in range(9):
        started = time.process_time()
        turn()
        times.append((time.process_time() - started) * 1e3)
    return statistics.median(times)


def print_table(table: dict[str, dict[str, float]], rate: float) -> None:
    """Rates, memory and ratios, and what bounds them."""
    ours = table["grucli, layer norm split"]
    print(f"{'':24}{'steps/s':>8}{'CPU ms':>8}{'peak MiB':>10}   grucli split is")
    for name, row in table.items():
        ratio = ours["steps_per_second"] / row["steps_per_second"]
        cpu_ratio = row["cpu_ms_per_step"] / ours["cpu_ms_per_step"]
        print(
            f"{name:24}{row['steps_per_second']:8.1f}{row['cpu_ms_per_step']:8.2f}"
            f"{row['peak_mib']:10.0f}   {ratio:.1f} times as fast, {cpu_ratio:.1f} by CPU time"
        )
    others = [row["cpu_ms_per_step"] for name, row in table.items() if "grucli" not in name]
    bound = operations(SHAPE, "gru")["train"] / rate * 1e-6
    print(
        f"CPU ms a step: a quarter of the fastest other is {min(others) / 4:.2f}; "
        f"the matrix products alone take {bound:.2f} at {rate:.0f} GFLOP/s a thread"
    )


def main() -> None:
    """Take turns, then print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=580)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench"))
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_series(arguments.folder)
    runs = contenders(arguments.folder, arguments.steps, arguments.peers)
    table, rate = take_turns(runs, arguments.threads, arguments.rounds)
    print_table(table, rate)
    print(json.dumps({"sgemm_gflops": rate, "threads": arguments.threads, "runs": table}))


if __name__ == "__main__":
    main()
