"""Training on a machine that gets busy: neighbours come on purpose while it goes on.

    python benchmarks/busy.py [--rounds N] [--neighbours N,N] [--cell CELL]

One small task (96 rows to 24, hidden 64, batches of 32, `split`) is trained in processes of their
own, which take turns: with one thread, with one for every core, with the number that `auto` takes,
and with one for every core under the waiting that OpenMP has by default. Training begins alone;
after some seconds as many processes as ``--neighbours`` says begin to compute without a pause.
Printed are medians of the milliseconds of a step before they came and after, and the time beside
one thread's, after. More processes than cores are what the goal of 1.5 is about.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ALONE, SETTLE, BESIDE = 6.0, 6.0, 6.0
"""Seconds: before the neighbours come, until training has had time to notice, and measured."""
RECIPE = """\
name: busy
data: {{path: series.csv, time: step, target: y, split: {{valid: 130, test: 130}}}}
task: {{context: 96, horizon: 24}}
model: {{cell: {cell}, layer_norm: {layer_norm}, hidden: 64}}
train: {{batch_size: 32, epochs: 100000, patience: null}}
"""
SPINNING = {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}
"""What the OpenMP runtimes do where nobody has told them otherwise."""


def train_beside(recipe: str, threads: str, neighbours: int) -> None:
    """Train while neighbours come; prints milliseconds of a step before and after, as JSON."""
    from grucli.recipe import load_recipe
    from grucli.runs import training

    others: list[subprocess.Popen[bytes]] = []
    marks: list[tuple[float, int]] = []  # a time, and how many events there were before it
    moments = [ALONE / 2, ALONE, ALONE + SETTLE, ALONE + SETTLE + BESIDE]
    with tempfile.TemporaryDirectory() as folder:
        count: int | str = threads if threads == "auto" else int(threads)
        events = training.train(load_recipe(recipe), run_dir=folder, threads=count)
        next(events)
        began = time.perf_counter()
        try:
            for number, _ in enumerate(events):
                now = time.perf_counter() - began
                if now < moments[len(marks)]:
                    continue
                marks.append((now, number))
                if len(marks) == 2:
                    program = [sys.executable, "-c", "while True: pass"]
                    others = [subprocess.Popen(program) for _ in range(neighbours)]
                if len(marks) == len(moments):
                    break
        finally:
            for other in others:
                other.kill()
        events.close()
    spans = {"alone": marks[:2], "beside": marks[2:]}
    found = {
        name: 1e3 * (end - start) / (last - first)
        for name, ((start, first), (end, last)) in spans.items()
    }
    print(json.dumps(found))


def main() -> None:
    """Take turns, then print a table for each number of neighbours and a line of JSON."""
    from processes import take_turns
    from training import write_series

    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--neighbours", default=f"{cores // 2},{cores}")
    parser.add_argument("--cell", default="gru")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as place:
        write_series(Path(place))
        recipe = Path(place) / "busy.yaml"
        norm = "none" if options.cell == "lstm" else "split"
        recipe.write_text(RECIPE.format(cell=options.cell, layer_norm=norm))
        for neighbours in options.neighbours.split(","):
            own = [sys.executable, __file__, "--run", str(recipe), neighbours]
            spinning = ["env", *(f"{name}={value}" for name, value in SPINNING.items())]
            commands = {
                "1 thread": [*own, "1"],
                f"{cores} threads": [*own, str(cores)],
                "auto": [*own, "auto"],
                f"{cores} threads, spinning": [*spinning, *own, str(cores)],
                "auto, spinning": [*spinning, *own, "auto"],
            }
            results[neighbours] = take_turns(commands, options.rounds)
            print_table(neighbours, results[neighbours])
    print(json.dumps(results))


def print_table(neighbours: str, rows: dict[str, dict[str, float]]) -> None:
    """Milliseconds of a step alone and beside the neighbours, and how that compares."""
    print(
        f"\n{neighbours + ' neighbours':24}{'alone ms':>10}{'beside ms':>11}   beside one thread",
        flush=True,
    )
    for name, row in rows.items():
        ratio = row["beside"] / rows["1 thread"]["beside"]
        print(
            f"{name:24}{row['alone']:10.2f}{row['beside']:11.2f}   {ratio:.2f} times the time",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        place, others, threads = sys.argv[2:]
        train_beside(place, threads, int(others))
    else:
        main()
