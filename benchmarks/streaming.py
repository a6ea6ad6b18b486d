"""Rows a second, one row of one series at a time, beside torch's modules, and the memory it takes.

    python benchmarks/streaming.py [--rows N] [--layer-norm split] [--hidden 32,64,128]
        [--set KEY=VALUE ...]

Everything takes turns in one process on one thread, in rounds of a thousand rows; the medians are
printed as a table and as one line of JSON. A second is one of processor time, so that programs
beside this one disturb less. ``step`` is Forecaster.step, forecast included; torch's
modules compute a state and no forecast. Memory is the resident set before and after all rows.
``pipe`` is the whole command, `grucli predict CKPT --stream`, fed with a table of ten times as many
rows, without what it takes to start: rows a second of its own processor time where the pipe is
kept full, and microseconds of real time from a row to its answer where each waits for the last.
``--set`` changes its recipe, such as model.decoder=recursive and task.horizon=4.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import grucli
from grucli.nn import GRU, Forecaster
from grucli.nn.native.binding import kernel_words

ROUND = 1000
Step = Callable[[Any], Any]


def resident() -> float:
    """MiB that this process holds now; NaN where there is no /proc."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return float("nan")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def contestants(hidden: int, layer_norm: str) -> dict[str, Step]:
    """Name -> one step, from a state to the next."""
    row_BC, row_TBC = torch.randn(1, 1), torch.randn(1, 1, 1)
    model = Forecaster(hidden=hidden, horizon=1, layer_norm=layer_norm).eval()
    stack = GRU(1, hidden, layer_norm=layer_norm).eval()
    cell, gru = nn.GRUCell(1, hidden).eval(), nn.GRU(1, hidden).eval()
    return {
        "step": lambda state: model.step(row_BC, state)[1],
        "GRU.step": lambda state: stack.step(row_BC, state)[1],
        "torch GRUCell": lambda state: cell(row_BC, state),
        "torch GRU": lambda state: gru(row_TBC, state)[1],
    }


def measure(steps: dict[str, Step], rows: int) -> dict[str, float]:
    """Rows a second of each, after one round to warm up, and memory before and after."""
    states: dict[str, Tensor | None] = dict.fromkeys(steps)
    rates: dict[str, list[float]] = {name: [] for name in steps}
    before = 0.0
    for turn in range(max(rows // ROUND, 1) + 1):
        for name, step in steps.items():
            state = states[name]
            started = time.process_time()
            for _ in range(ROUND):
                state = step(state)
            states[name] = state
            if turn > 0:
                rates[name].append(ROUND / (time.process_time() - started))
        before = before or resident()
    found = {name: statistics.median(rate) for name, rate in rates.items()}
    return found | {"MiB before": before, "MiB after": resident()}


RECIPE = """\
name: stream
data: {{path: walk.csv, time: t, target: y}}
task: {{context: 48, horizon: 1}}
model: {{layer_norm: {layer_norm}, hidden: {hidden}}}
train: {{epochs: 1}}
"""


def walk(rows: int) -> list[str]:
    """Lines of a table of numbered rows."""
    values = torch.randn(rows, generator=torch.Generator().manual_seed(0)).cumsum(0) / 10
    return ["t,y\n", *(f"{at},{value:.3f}\n" for at, value in enumerate(values.tolist()))]


def child_seconds() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def piped(hidden: int, layer_norm: str, rows: int, changes: list[str]) -> dict[str, float]:
    """The command at the end of a pipe."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "walk.csv").write_text("".join(walk(500)))
        recipe = folder / "stream.yaml"
        recipe.write_text(RECIPE.format(hidden=hidden, layer_norm=layer_norm))
        path = grucli.train(recipe, changes, run_dir=folder / "run", threads=1).best_path
        command = [sys.executable, "-m", "grucli", "predict", path, "--stream"]
        lines, seconds = walk(rows), []
        for count in (2, len(lines)):
            before = child_seconds()
            text = "".join(lines[:count])
            subprocess.run(command, input=text, text=True, stdout=subprocess.DEVNULL, check=True)
            seconds.append(child_seconds() - before)
        waits = waited(command, lines[:2000])
    rate = (rows - 1) / (seconds[1] - seconds[0])
    return {"pipe": rate, "us a row alone": statistics.median(waits) * 1e6}


def waited(command: list[str], lines: list[str]) -> list[float]:
    """Seconds from each row to its answer, where each waits for the last."""
    waits = []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines[0])
        process.stdout.readline()
        for line in lines[1:]:
            started = time.perf_counter()
            process.stdin.write(line)
            process.stdout.readline()
            waits.append(time.perf_counter() - started)
        process.stdin.close()
    return waits


def main() -> None:
    """Print a line for each hidden size, then all as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--layer-norm", default="split")
    parser.add_argument("--hidden", default="32,64,128")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {kernel_words()}, layer_norm {options.layer_norm}")
    print("rows per second of processor time, then memory")
    results = {}
    for hidden in map(int, options.hidden.split(",")):
        with torch.inference_mode():
            found = measure(contestants(hidden, options.layer_norm), options.rows)
        found |= piped(hidden, options.layer_norm, 10 * options.rows, options.set)
        if not results:
            print("hidden" + "".join(f"{name:>15}" for name in found))
        print(f"{hidden:6}" + "".join(f"{value:15.0f}" for value in found.values()), flush=True)
        results[hidden] = found
    document = {"torch": str(torch.__version__), "kernel": kernel_words(), "rows": options.rows}
    print(json.dumps(document | {"layer_norm": options.layer_norm, "hidden": results}))


if __name__ == "__main__":
    main()
