"""What long sequences cost: time and memory of one train step against T and against B.

    python benchmarks/length.py [--steps 3000,30000,100000] [--batches 1,2,4,8] [--rounds N]

The model is a GRU of 64 units with a decoder of 24 steps, one layer, one column, one thread; a step
is its forward and backward pass. ``whole`` keeps every step for the gradient, ``recompute`` keeps a
state every 1000 steps and runs the steps between again, ``tbptt`` takes the gradient of the last
1000 steps only. Each row is a process of its own; its memory is what the step adds to the
process as it was after a step of the same model on 10 time steps. Printed are medians of the time
on the processor, which other processes disturb less than that on the clock.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import torch
from processes import peak_mib

from grucli.nn import Forecaster

MODES = {
    "whole": {},
    "recompute": {"recompute_steps": 1000},
    "tbptt": {"tbptt_steps": 1000},
}
HIDDEN, HORIZON = 64, 24


def measure(mode: str, steps: int, batch: int, rounds: int) -> dict[str, float]:
    """Milliseconds of a step and MiB it adds, in this process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Forecaster(hidden=HIDDEN, horizon=HORIZON, layer_norm="split", **MODES[mode])
    model(torch.randn(batch, 10, 1)).sum().backward()
    context_BTC = torch.randn(batch, steps, 1)
    before, times = peak_mib(), []
    for _ in range(rounds):
        model.zero_grad()
        started = time.process_time()
        model(context_BTC).sum().backward()
        times.append((time.process_time() - started) * 1e3)
    return {"milliseconds": statistics.median(times), "mib": peak_mib() - before}


def rows(steps: list[int], batches: list[int]) -> list[tuple[str, int, int]]:
    """Mode, T and B of every row: T grows at the smallest batch, B at the longest sequence."""
    grid = [(length, batches[0]) for length in steps]
    grid += [(steps[-1], batch) for batch in batches[1:]]
    return [(mode, *sizes) for mode in MODES for sizes in grid]


def main() -> None:
    """Print a line for every row, then all as one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", default="3000,30000,100000")
    parser.add_argument("--batches", default="1,2,4,8")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        mode, steps, batch = options.row.split(",")
        print(json.dumps(measure(mode, int(steps), int(batch), options.rounds)))
        return
    lengths, batches = (
        [int(n) for n in text.split(",")] for text in (options.steps, options.batches)
    )
    print(f"{'':10}{'T':>8}{'B':>4}{'CPU ms':>10}{'us per step and row':>21}{'MiB':>8}")
    found: list[dict[str, Any]] = []
    for mode, steps, batch in rows(lengths, batches):
        command = [sys.executable, __file__, "--row", f"{mode},{steps},{batch}"]
        command += ["--rounds", str(options.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        row = json.loads(done.stdout)
        each = row["milliseconds"] * 1e3 / (steps * batch)
        print(
            f"{mode:10}{steps:8}{batch:4}{row['milliseconds']:10.1f}{each:21.3f}{row['mib']:8.1f}",
            flush=True,
        )
        found.append({"mode": mode, "steps": steps, "batch": batch, **row})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
