"""Inference of one GRU layer beside OpenVINO, ONNX Runtime and flax, none of which normalises it.

    python benchmarks/inference.py [--threads N] [--rounds N] [--peers FOLDER] [--wall]

The engines take turns, in another order in every round, each in a process of its own; medians are
printed, of processor time or with --wall of time on the wall. Their environment is made in FOLDER
the first time. Every engine computes the same numbers, and is refused where their sum differs.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

SHAPES = (
    (32, 96, 7, 32),
    (32, 96, 7, 64),
    (1, 2000, 7, 64),
    (64, 96, 7, 128),
    (64, 192, 7, 256),
    (256, 15, 512, 512),
    (1792, 4, 512, 512),
)
"""(B, T, C, H) of each row."""

HERE = Path(__file__).parent
PEERS = ("OpenVINO", "ONNX Runtime", "flax")
PACKAGES = ("openvino", "onnx", "onnxruntime", "flax", "jax[cpu]")
OURS = ("grucli none", "grucli split")


def environment(folder: Path) -> Path:
    """The interpreter of the peers' own environment, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


class Engine:
    """One engine in a process of its own."""

    def __init__(self, name: str, python: Path, threads: int) -> None:
        command = [python, HERE / "peers" / "run_inference.py", name, str(threads)]
        pipe: Any = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, line: str) -> Any:
        """Send a line; returns the answer."""
        stdin: Any = self.process.stdin
        stdout: Any = self.process.stdout
        print(line, file=stdin, flush=True)
        return json.loads(stdout.readline())


def measure(
    engines: dict[str, Engine], shape: tuple[int, ...], rounds: int, clock: int
) -> dict[str, float]:
    """Median milliseconds of each engine. Raises ValueError where one computes something else."""
    sums = {name: one.ask(" ".join(map(str, shape))) for name, one in engines.items()}
    expected, count = sums["grucli none"], shape[0] * shape[1] * shape[3]
    for name, found in sums.items():
        if name != "grucli split" and abs(found - expected) > 1e-5 * count:
            raise ValueError(f"{name}: the outputs add up to {found}; expected {expected}")
    times: dict[str, list[float]] = {name: [] for name in engines}
    names, order = list(engines), random.Random(0)
    for _ in range(rounds):
        order.shuffle(names)
        for name in names:
            engines[name].ask("")  # what ran between has taken the caches
            times[name].append(engines[name].ask("")[clock])
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Measure every shape and print as we go."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--peers", type=Path, default=HERE.parent / "build" / "peers")
    parser.add_argument("--wall", action="store_true")
    options = parser.parse_args()
    python = environment(options.peers)
    engines = {name: Engine(name, Path(sys.executable), options.threads) for name in OURS}
    engines |= {name: Engine(name, python, options.threads) for name in PEERS}
    unit = "wall" if options.wall else "processor"
    print(f"milliseconds of {unit} time, {options.threads} threads")
    print(
        f"{'B, T, C, H':18}", *(f"{name:>13}" for name in engines), "  best peer beside none, split"
    )
    for shape in SHAPES:
        found = measure(engines, shape, options.rounds, int(options.wall))
        best = min(found[name] for name in PEERS)
        ratios = " ".join(f"{best / found[name]:5.2f}x" for name in OURS)
        row = ", ".join(map(str, shape))
        print(f"{row:18}", *(f"{ms:13.2f}" for ms in found.values()), f"  {ratios}", flush=True)
    for engine in engines.values():
        engine.process.terminate()
        engine.process.wait()


if __name__ == "__main__":
    main()
