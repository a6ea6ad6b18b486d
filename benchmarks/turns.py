"""What layers do on their turn, and how they take turns in one process."""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

Turn = Callable[[], Any]
Name = TypeVar("Name")


def train_step(module: nn.Module, x_TBC: Tensor, gradient_TBH: Tensor) -> Turn:
    """Forward and backward."""

    def turn() -> None:
        module.zero_grad()
        module(x_TBC)[0].backward(gradient_TBH)

    return turn


def inference(module: nn.Module, given: Tensor | PackedSequence) -> Turn:
    """Forward without gradients, which gives the outputs."""

    def turn() -> Any:
        with torch.inference_mode():
            return module(given)[0]

    return turn


def medians(
    turns: dict[Name, Turn], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[Name, float]:
    """Milliseconds of each turn, in another order every round, after one round to warm up."""
    times: dict[Name, list[float]] = {name: [] for name in turns}
    names, order = list(turns), random.Random(0)
    for round_number in range(rounds + 1):
        order.shuffle(names)
        for name in names:
            started = clock()
            turns[name]()
            if round_number > 0:
                times[name].append((clock() - started) * 1e3)
    return {name: statistics.median(found) for name, found in times.items()}
