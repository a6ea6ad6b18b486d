"""Train step and inference of one recurrent layer against torch's, all in one process.

    python benchmarks/kernel.py [--threads N] [--rounds N] [--json FILE] [--norms none,split]
        [--processor-time]

Everything takes turns, in another order in every round, so that a noisy neighbour and what the turn
before leaves in the caches disturb all alike; the medians are printed. A train step is forward and
backward of the layer with all its weight gradients, for a gradient of ones at every output. On a
busy machine --processor-time counts what all threads use instead of the time on the wall.

The matrix products alone need G B T H (6 H + 4 C) operations for G gates in a train step, and
2 G B T H (H + C) in inference. The share of the FMA peak is what they would take at the rate of a
loop of nothing but fused multiply-adds on registers, as a part of the time taken; the share of
torch.mm is the same for the rate of a square product of torch's. Both take their turns too, and so
does torch.mm of the matrices of one step of a GRU, [B, H] by [H, 3 H].
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from turns import Turn, inference, medians, train_step

from grucli.cells import CELLS
from grucli.nn import GRU, MODULES
from grucli.nn.native.binding import kernel_words
from grucli.nn.native.problem import native

SHAPES = (
    (32, 96, 7, 32),
    (32, 96, 7, 64),
    (64, 96, 7, 128),
    (64, 192, 7, 256),
    (256, 15, 512, 512),
)
"""(B, T, C, H) of each row."""

SGEMM = 1024
STEPS_WORK = 2e8
"""Operations of all the products of one step that a turn forms."""
FMA_ROUNDS = 300_000
PEERS = {"gru": "torch GRU", "lstm": "torch LSTM"}


def with_kernel(name: str, turn: Turn) -> Turn:
    """The same turn with the kernel forced."""

    def forced() -> None:
        os.environ["GRUCLI_KERNEL"] = name
        turn()

    return forced


def contestants(shape: tuple[int, int, int, int], norms: list[str]) -> dict[str, Turn]:
    """Name -> what it does on its turn; names end in `train` or `infer`."""
    batch, steps, inputs, hidden = shape
    x_TBC = torch.randn(steps, batch, inputs)
    gradient_TBH = torch.ones(steps, batch, hidden)
    square = torch.randn(SGEMM, SGEMM)
    turns: dict[str, Turn] = {
        "sgemm": lambda: square @ square,
        "step": step_products(batch, hidden),
        "fma": lambda: native.multiply_add(FMA_ROUNDS, torch.get_num_threads()),
    }
    modules: dict[str, tuple[str, nn.Module]] = {
        "torch GRU": ("auto", nn.GRU(inputs, hidden)),
        "torch LSTM": ("auto", nn.LSTM(inputs, hidden)),
        "plain loop": ("torch", GRU(inputs, hidden, layer_norm="split")),
    }
    for cell in PEERS:
        for norm in norms:
            module = MODULES[cell](inputs, hidden, layer_norm=norm)
            modules[f"{cell} {norm}"] = ("native", module)
    for name, (kernel, module) in modules.items():
        turns[f"{name} train"] = with_kernel(kernel, train_step(module, x_TBC, gradient_TBH))
        turns[f"{name} infer"] = with_kernel(kernel, inference(module, x_TBC))
    return turns


def step_repeats(batch: int, hidden: int) -> int:
    """How often a turn forms the product of one step."""
    return max(1, round(STEPS_WORK / (6 * batch * hidden * hidden)))


def step_products(batch: int, hidden: int) -> Turn:
    """torch.mm of the recurrent matrices of one step of a GRU, again and again."""
    h_BH, weight_HG = torch.randn(batch, hidden), torch.randn(hidden, 3 * hidden)
    product_BG = torch.empty(batch, 3 * hidden)

    def turn() -> None:
        for _ in range(step_repeats(batch, hidden)):
            torch.mm(h_BH, weight_HG, out=product_BG)

    return turn


def operations(shape: tuple[int, int, int, int], cell: str) -> dict[str, int]:
    """Floating point operations of a cell's matrix products in a train step and in inference."""
    batch, steps, inputs, hidden = shape
    rows = len(CELLS[cell].gates) * batch * steps * hidden
    return {"train": rows * (6 * hidden + 4 * inputs), "infer": 2 * rows * (hidden + inputs)}


def sgemm_rate(milliseconds: float) -> float:
    """GFLOP/s of a square product that took so long."""
    return 2 * SGEMM**3 / milliseconds * 1e-6


def measure(
    shape: tuple[int, int, int, int], norms: list[str], rounds: int, clock: Callable[[], float]
) -> dict[str, Any]:
    """One row: milliseconds, the rates in GFLOP/s, and how the norms of each cell compare."""
    found = medians(contestants(shape, norms), rounds, clock)
    batch, _, _, hidden = shape
    fma = native.multiply_add(FMA_ROUNDS, torch.get_num_threads())
    steps = 6 * batch * hidden * hidden * step_repeats(batch, hidden)
    rates = {
        "sgemm": sgemm_rate(found["sgemm"]),
        "fma": fma / found["fma"] * 1e-6,
        "step": steps / found["step"] * 1e-6,
    }
    scores = {}
    for cell, peer in PEERS.items():
        bounds = {
            rate: {
                kind: count / rates[rate] * 1e-6 for kind, count in operations(shape, cell).items()
            }
            for rate in rates
        }
        for norm in norms:
            name = f"{cell} {norm}"
            scores[name] = {
                kind: {
                    "ratio": found[f"{peer} {kind}"] / found[f"{name} {kind}"],
                    "of_fma": bounds["fma"][kind] / found[f"{name} {kind}"],
                    "of_sgemm": bounds["sgemm"][kind] / found[f"{name} {kind}"],
                }
                for kind in ("train", "infer")
            }
    return {"shape": shape, "milliseconds": found, "gflops": rates, "scores": scores}


def print_row(row: dict[str, Any]) -> None:
    """Milliseconds, the ratios to torch's module of the same cell, and the shares of the rates."""
    found, rates, scores = row["milliseconds"], row["gflops"], row["scores"]
    print(f"\nB, T, C, H = {row['shape']}   GFLOP/s: ", end="")
    print(f"fused multiply-adds {rates['fma']:.0f}, torch.mm {rates['sgemm']:.0f}", end="")
    print(f", of one step's matrices {rates['step']:.0f}")
    print(
        f"  {'':14}{'train ms':>10}{'infer ms':>10}   beside torch    of the FMA peak   of torch.mm"
    )
    for name in (*PEERS.values(), "plain loop", *scores):
        line = f"  {name:14}{found[f'{name} train']:10.2f}{found[f'{name} infer']:10.2f}"
        if name in scores:
            train, infer = scores[name]["train"], scores[name]["infer"]
            line += f"   {train['ratio']:5.2f}x {infer['ratio']:5.2f}x"
            line += f"   {train['of_fma']:6.0%} {infer['of_fma']:6.0%}"
            line += f"   {train['of_sgemm']:8.0%} {infer['of_sgemm']:6.0%}"
        print(line, flush=True)


def main() -> None:
    """Measure every shape and print as we go."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--norms", default="none,split")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    clock = time.process_time if options.processor_time else time.perf_counter
    unit = "processor time" if options.processor_time else "wall time"
    print(f"torch {torch.__version__}, {kernel_words()}, {options.threads} threads, {unit}")
    rows = []
    for shape in SHAPES:
        rows.append(measure(shape, options.norms.split(","), options.rounds, clock))
        print_row(rows[-1])
    if options.json:
        document = {"kernel": kernel_words(), "torch": torch.__version__, "rows": rows}
        options.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
