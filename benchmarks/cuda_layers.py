"""Train step and inference of one recurrent layer on a CUDA device, beside cuDNN and a plain loop.

    python benchmarks/cuda_layers.py [--rounds N] [--shapes B,T,C,H ...]

A layer without normalisation is cuDNN's, in grucli as in torch; the plain loop is the GRU with
`split` that torch computes step by step. Each is called as it stands, and recorded once and
replayed as a CUDA graph, as `grucli train` does with a batch: then nothing but the device counts.
All take turns, in another order in every round; medians are printed, in milliseconds.
"""

import argparse
import time
from typing import Any

import torch
from torch import nn
from turns import Turn, inference, medians, train_step

from grucli.nn import GRU, LSTM
from grucli.nn.cuda import can_compile
from grucli.training.replay import SEEN

SHAPES = ("32,96,7,32", "32,96,7,64", "64,96,7,128", "64,192,7,256", "256,15,512,512")


def layers(inputs: int, hidden: int) -> dict[str, nn.Module]:
    """What is compared, by name; the first is what the others are measured by."""
    found = {
        "cuDNN GRU": nn.GRU(inputs, hidden),
        "cuDNN LSTM": nn.LSTM(inputs, hidden),
        "plain loop": GRU(inputs, hidden, layer_norm="split", kernel="torch"),
        "gru none": GRU(inputs, hidden),
        **{norm: GRU(inputs, hidden, layer_norm=norm) for norm in ("split", "sum", "sum_joint")},
        "lstm split": LSTM(inputs, hidden, layer_norm="split"),
    }
    return {name: module.cuda() for name, module in found.items()}


def waited_for(turn: Turn) -> Turn:
    """The same turn, which lasts until the device is done."""

    def whole() -> None:
        turn()
        torch.cuda.synchronize()

    return whole


def recorded(turn: Turn) -> Turn:
    """The calls of a turn, launched as one."""
    for _ in range(SEEN):
        turn()
    torch.cuda.synchronize()
    graph: Any = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        turn()
    return graph.replay  # type: ignore[no-any-return]


def measured(shape: list[int], rounds: int) -> dict[str, dict[str, float]]:
    """Name -> way -> milliseconds."""
    batch, steps, inputs, hidden = shape
    x_TBC = torch.randn(steps, batch, inputs, device="cuda")
    gradient_TBH = torch.randn(steps, batch, hidden, device="cuda")
    turns: dict[tuple[str, str], Turn] = {}
    modules = layers(inputs, hidden)
    for name, module in modules.items():
        train, infer = train_step(module, x_TBC, gradient_TBH), inference(module, x_TBC)
        ways = {"train": train, "infer": infer}
        ways |= {f"{way}, replayed": recorded(turn) for way, turn in ways.items()}
        turns |= {(name, way): waited_for(turn) for way, turn in ways.items()}
    found = medians(turns, rounds, time.perf_counter)
    return {name: {way: found[name, way] for _, way in list(turns)[:4]} for name in modules}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("benchmarks/cuda_layers.py: no CUDA device here, or a torch without CUDA")
    kernels = "" if can_compile() else ", without Triton"
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}{kernels}")
    torch.backends.cudnn.rnn.fp32_precision = "ieee"
    for text in arguments.shapes:
        shape = [int(size) for size in text.split(",")]
        found = measured(shape, arguments.rounds)
        print(f"\nB, T, C, H = {text}")
        for name, ways in found.items():
            print(f"  {name:<11}" + "".join(f"  {way} {ms:8.3f}" for way, ms in ways.items()))


if __name__ == "__main__":
    main()
