"""Train step and inference of one recurrent layer against torch's, all in one process.

    python benchmarks/kernel.py [--threads N] [--rounds N] [--json FILE] [--norms none,split]

Everything takes turns, in another order in every round, so that a noisy neighbour and what the turn
before leaves in the caches disturb all alike; the medians are printed. A train step is forward and
backward of the layer with all its weight gradients, for a gradient of ones at every output. The
FLOP bound is what the matrix products alone would take at the rate that torch.mm reaches between
the turns: 18 B T H^2 + 12 B T C H operations, a third of the recurrent part of them for inference.
"""

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from grucli.nn import GRU
from grucli.nn.native.binding import kernel_words

SHAPES = (
    (32, 96, 7, 32),
    (32, 96, 7, 64),
    (64, 96, 7, 128),
    (64, 192, 7, 256),
    (256, 15, 512, 512),
)
"""(B, T, C, H) of each row."""

SGEMM = 1024
Turn = Callable[[], object]


def with_kernel(name: str, turn: Turn) -> Turn:
    """The same turn with the kernel forced."""

    def forced() -> None:
        os.environ["GRUCLI_KERNEL"] = name
        turn()

    return forced


def train_step(module: nn.Module, x_TBC: Tensor, gradient_TBH: Tensor) -> Turn:
    """Forward and backward."""

    def turn() -> None:
        module.zero_grad()
        module(x_TBC)[0].backward(gradient_TBH)

    return turn


def inference(module: nn.Module, x_TBC: Tensor) -> Turn:
    """Forward without gradients."""

    def turn() -> None:
        with torch.inference_mode():
            module(x_TBC)

    return turn


def contestants(shape: tuple[int, int, int, int], norms: list[str]) -> dict[str, Turn]:
    """Name -> what it does on its turn; names end in `train` or `infer`."""
    batch, steps, inputs, hidden = shape
    x_TBC = torch.randn(steps, batch, inputs)
    gradient_TBH = torch.ones(steps, batch, hidden)
    square = torch.randn(SGEMM, SGEMM)
    turns: dict[str, Turn] = {"sgemm": lambda: square @ square}
    modules: dict[str, tuple[str, nn.Module]] = {
        "torch GRU": ("auto", nn.GRU(inputs, hidden)),
        "torch LSTM": ("auto", nn.LSTM(inputs, hidden)),
        "plain loop": ("torch", GRU(inputs, hidden, layer_norm="split")),
    }
    for norm in norms:
        modules[norm] = ("native", GRU(inputs, hidden, layer_norm=norm))
    for name, (kernel, module) in modules.items():
        turns[f"{name} train"] = with_kernel(kernel, train_step(module, x_TBC, gradient_TBH))
        turns[f"{name} infer"] = with_kernel(kernel, inference(module, x_TBC))
    return turns


def medians(turns: dict[str, Turn], rounds: int) -> dict[str, float]:
    """Milliseconds of each turn, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in turns}
    names, order = list(turns), random.Random(0)
    for round_number in range(rounds + 1):
        order.shuffle(names)
        for name in names:
            started = time.perf_counter()
            turns[name]()
            if round_number > 0:
                times[name].append((time.perf_counter() - started) * 1e3)
    return {name: statistics.median(found) for name, found in times.items()}


def operations(shape: tuple[int, int, int, int]) -> dict[str, int]:
    """Floating point operations of a gru's matrix products in a train step and in inference."""
    batch, steps, inputs, hidden = shape
    cell, square = batch * steps * hidden * inputs, batch * steps * hidden**2
    return {"train": 18 * square + 12 * cell, "infer": 6 * square + 6 * cell}


def sgemm_rate(milliseconds: float) -> float:
    """GFLOP/s of a square product that took so long."""
    return 2 * SGEMM**3 / milliseconds * 1e-6


def measure(shape: tuple[int, int, int, int], norms: list[str], rounds: int) -> dict[str, Any]:
    """One row: milliseconds, the bounds, and how the norms compare."""
    found = medians(contestants(shape, norms), rounds)
    rate = sgemm_rate(found["sgemm"])
    bounds = {kind: count / rate * 1e-6 for kind, count in operations(shape).items()}
    scores = {
        norm: {
            "train_ratio": found["torch GRU train"] / found[f"{norm} train"],
            "infer_ratio": found["torch GRU infer"] / found[f"{norm} infer"],
            "loop_ratio": found["plain loop train"] / found[f"{norm} train"],
            "of_bound": bounds["train"] / found[f"{norm} train"],
        }
        for norm in norms
    }
    return {
        "shape": shape,
        "milliseconds": found,
        "sgemm_gflops": rate,
        "bound": bounds,
        "scores": scores,
    }


def print_row(row: dict[str, Any]) -> None:
    """Milliseconds of train and inference, and the ratios to torch.nn.GRU."""
    found, bound, scores = row["milliseconds"], row["bound"], row["scores"]
    print(f"\nB, T, C, H = {row['shape']}   sgemm {row['sgemm_gflops']:.0f} GFLOP/s")
    print(f"  {'':14}{'train ms':>10}{'infer ms':>10}")
    for name in ("torch GRU", "torch LSTM", "plain loop", *scores):
        line = f"  {name:14}{found[f'{name} train']:10.2f}{found[f'{name} infer']:10.2f}"
        if name in scores:
            score = scores[name]
            line += (
                f"   {score['train_ratio']:.1f}x and {score['infer_ratio']:.1f}x torch GRU, "
                f"{score['loop_ratio']:.1f}x the loop, {score['of_bound']:.0%} of the bound"
            )
        print(line)
    print(f"  {'FLOP bound':14}{bound['train']:10.2f}{bound['infer']:10.2f}")


def main() -> None:
    """Measure every shape and print as we go."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--norms", default="none,split")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, {kernel_words()}")
    rows = []
    for shape in SHAPES:
        rows.append(measure(shape, options.norms.split(","), options.rounds))
        print_row(rows[-1])
    if options.json:
        document = {"kernel": kernel_words(), "torch": torch.__version__, "rows": rows}
        options.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
