"""Packed sequences of unequal length: one GRU layer beside torch's, in turns in one process.

    python benchmarks/ragged.py [--batch N] [--longest N] [--hidden N] [--threads N] [--rounds N]

Lengths are drawn evenly from 1 to the longest; 7 columns. Medians, in milliseconds of processor
time, which programs beside this one disturb less, of inference and of a train step (forward and
backward with all weight gradients), of the batch packed and of the same batch padded.
"""

import argparse
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from turns import Turn, inference, medians

from grucli.nn import GRU, kernel_words

COLUMNS = 7


def train_step(module: nn.Module, given: Tensor | PackedSequence) -> Turn:
    """Forward and backward."""

    def turn() -> None:
        module.zero_grad()
        output = module(given)[0]
        (output.data if isinstance(given, PackedSequence) else output).sum().backward()

    return turn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, value in {"batch": 32, "longest": 200, "hidden": 64, "rounds": 31}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    lengths_B = torch.randint(1, options.longest + 1, (options.batch,))
    x_TBC = torch.randn(int(lengths_B.max()), options.batch, COLUMNS)
    packed = pack_padded_sequence(x_TBC, lengths_B, enforce_sorted=False)
    modules = {
        "torch.nn.GRU": nn.GRU(COLUMNS, options.hidden),
        "grucli none": GRU(COLUMNS, options.hidden),
        "grucli split": GRU(COLUMNS, options.hidden, layer_norm="split"),
    }
    turns: dict[Any, Turn] = {}
    for form, given in {"packed": packed, "padded": x_TBC}.items():
        for name, module in modules.items():
            turns[name, f"{form} infer"] = inference(module, given)
            turns[name, f"{form} train"] = train_step(module, given)
    found = medians(turns, options.rounds)
    kinds = [f"{form} {what}" for form in ("packed", "padded") for what in ("infer", "train")]
    print(f"torch {torch.__version__}, {kernel_words()}, {options.threads} threads")
    share = float(lengths_B.sum()) / (x_TBC.shape[0] * options.batch)
    print(
        f"{options.batch} sequences, the longest {x_TBC.shape[0]} steps; {share:.0%} is no padding"
    )
    print(f"{'ms':14}" + "".join(f"{kind:>14}" for kind in kinds))
    for name in modules:
        print(f"{name:14}" + "".join(f"{found[name, kind]:14.2f}" for kind in kinds))


if __name__ == "__main__":
    main()
