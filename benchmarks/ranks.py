"""Training in several processes beside one: where sharing every batch pays, and where it does not.

    python benchmarks/ranks.py [--processes N] [--rounds N] [--hidden N ...]

One generated CSV, 96 rows to 24, the same global batch for all. One process takes as many threads
as there are processes beside it, so that both have the same cores; the runs are whole commands that
take turns. Printed are the median milliseconds of an optimiser step, without the first epoch.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from training import write_series

RECIPE = """\
name: bench
data: {{path: series.csv, time: step, target: y, split: {{valid: 130, test: 130}}}}
task: {{context: 96, horizon: 24}}
model: {{cell: gru, layer_norm: split, hidden: {hidden}}}
train: {{batch_size: {batch}, epochs: 3, patience: null, clip: null}}
"""
SHAPES = {64: 32, 128: 128, 256: 256, 512: 256}
"""Hidden size -> windows in a global batch."""


def step_ms(folder: Path, hidden: int, *, processes: int, threads: int) -> float:
    """Milliseconds of an optimiser step, without the first epoch, in which threads are measured."""
    recipe = folder / f"bench{hidden}.yaml"
    recipe.write_text(RECIPE.format(hidden=hidden, batch=SHAPES[hidden]))
    command = [sys.executable, "-m", "grucli", "train", recipe.name, "--run-dir", "run", "--quiet"]
    command += ["--overwrite", "--processes", f"{processes}", "--threads", f"{threads}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    rows = map(json.loads, (folder / "run" / "metrics.jsonl").read_text().splitlines())
    first, *_, last = [row for row in rows if row["kind"] == "Epoch"]
    steps = last["step"] - first["step"]
    return 1e3 * (last["elapsed_seconds"] - first["elapsed_seconds"]) / steps


def main() -> None:
    """Print a row for each hidden size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hidden", type=int, nargs="*", choices=SHAPES, default=[*SHAPES])
    asked = parser.parse_args()
    ways = {
        "one process": (1, asked.processes),
        f"{asked.processes} processes": (asked.processes, 1),
    }
    print(f"{'hidden':>6} {'batch':>6}" + "".join(f"{name:>14}" for name in ways) + f"{'ratio':>8}")
    with tempfile.TemporaryDirectory() as place:
        write_series(Path(place))
        for hidden in asked.hidden:
            found: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(asked.rounds):
                for name, (processes, threads) in ways.items():
                    found[name].append(
                        step_ms(Path(place), hidden, processes=processes, threads=threads)
                    )
            one, many = (statistics.median(times) for times in found.values())
            print(
                f"{hidden:>6} {SHAPES[hidden]:>6}{one:>11.1f} ms{many:>11.1f} ms{one / many:>8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
