"""Several processes that train one model: each computes its part of every batch.

The gradients are summed over the processes in one call a step, of a vector that also holds the
loss, the number of values and whether a process was asked to stop. So all have the same weights,
see the same validation loss, and stop after the same step (synchronous data parallelism; Li et al.
2020, arXiv 2006.15704).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from grucli.errors import TrainingError


class Ranks:
    """One process alone: every sample is its own, and every sum is whole.

    ``ask`` answers the number of a signal that asks for an end, None as long as there is none.
    """

    rank = 0
    size = 1

    def __init__(self, ask: Callable[[], int | None] = lambda: None) -> None:
        self.ask = ask

    def stopped(self) -> int | None:
        """The signal after which all processes stop now, or None."""
        return self.ask()

    def seed(self, seed: int) -> None:
        """Give a step its random numbers, other ones in each process."""

    def part(self, samples: Tensor) -> Tensor:
        """Those of the samples at positions [B] that this process computes."""
        return samples

    def combine(
        self, gradient: Tensor, loss: Tensor, count: Tensor | float
    ) -> tuple[Tensor, Tensor | float]:
        """Mean loss and number of values of the whole batch; makes ``gradient`` [P] its gradient.

        All three are those of ``part``, loss and gradient means over its ``count`` values.
        """
        return loss, count

    def add(self, total: float, count: float) -> tuple[float, float]:
        """Sums over all processes."""
        return total, count

    def tell(self, message: Any) -> None:
        """Have the first process say something to the others."""


class TogetherRanks(Ranks):
    """One of the processes of torch's default process group."""

    def __init__(self, ask: Callable[[], int | None] = lambda: None) -> None:
        super().__init__(ask)
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._agreed: int | None = None

    def stopped(self) -> int | None:
        """The signal that was heard of in the last sum: all stop at the same place."""
        return self._agreed

    def seed(self, seed: int) -> None:
        """Let the first process draw as it does alone, and the others differently."""
        if self.rank > 0:
            torch.manual_seed(seed * self.size + self.rank)

    def part(self, samples: Tensor) -> Tensor:
        """Parts in order that differ by one sample at most; () of a batch of too few."""
        return torch.tensor_split(samples, self.size)[self.rank]

    def combine(
        self, gradient: Tensor, loss: Tensor, count: Tensor | float
    ) -> tuple[Tensor, Tensor | float]:
        """Weighted means over all processes."""
        told = [loss * count, count, *self._asked()]
        ends = torch.stack([torch.as_tensor(end).to(gradient) for end in told])
        sums = torch.cat([gradient * count, ends])
        self._sum(sums)
        total = sums[-3].clamp_min(1e-30)
        torch.div(sums[: len(gradient)], total, out=gradient)
        self._agree(*sums[-2:].tolist())
        return sums[-4] / total, sums[-3]

    def add(self, total: float, count: float) -> tuple[float, float]:
        """Sums in float64."""
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        sums = torch.tensor([total, count, *self._asked()], dtype=torch.float64, device=device)
        self._sum(sums)
        whole, values, *asked = sums.tolist()
        self._agree(*asked)
        return whole, values

    def tell(self, message: Any) -> None:
        """Send plain values and tensors to all others; they wait in ``told``."""
        with _company():
            dist.broadcast_object_list([message], src=0)

    def told(self) -> Any:
        """What the first process says next. Raises LostError where it has gone."""
        heard = [None]
        with _company():
            dist.broadcast_object_list(heard, src=0)
        return heard[0]

    def _asked(self) -> tuple[float, float]:
        """The number of the signal that asks this process for an end, and 1; else zeros."""
        number = self.ask()
        return (0.0, 0.0) if number is None else (float(number), 1.0)

    def _agree(self, numbers: float, processes: float) -> None:
        self._agreed = int(numbers // processes) if processes else None

    def _sum(self, values: Tensor) -> None:
        with _company():
            dist.all_reduce(values)


class LostError(TrainingError):
    """A process has gone without which the others cannot go on."""

    def __init__(self, which: str, how: str) -> None:
        """Say which one, and what is known of its end."""
        super().__init__(
            f"{which} was lost: {how}; expected all to go on; see what ended it, "
            "then go on with --resume if an epoch was done"
        )
        self._told = which, how

    def __reduce__(self) -> tuple[type["LostError"], tuple[str, str]]:
        """Made anew of the same words, where another process gets it."""
        return type(self), self._told


@contextmanager
def _company() -> Iterator[None]:
    """Raise LostError where another process has gone."""
    try:
        yield
    except RuntimeError as error:
        found = re.sub(r"^\[\S+\] |\. .*", "", (str(error).splitlines() or ["no answer"])[0])
        raise LostError("another process of this training", found) from error
