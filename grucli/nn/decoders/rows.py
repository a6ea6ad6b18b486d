"""What a window is made of, and what stands ahead of it.

Suffixes: B batch, T context steps, K horizon steps, C columns.
"""

from dataclasses import dataclass

from grucli.nn.heads import POINT, Head
from grucli.tensors import Tensor, torch


@dataclass(frozen=True)
class Row:
    """How many numbers of each sort a row of a context holds, in this order.

    ``future`` columns are known over the horizon too; ``flags`` are one number for some of the
    others, ``named`` those that stand for texts of the past, which are read as they are. Where
    targets are told apart, flags are for all targets and then for others, or none.
    """

    targets: int
    past: int = 0
    future: int = 0
    static: int = 0
    flags: int = 0
    named: int = 0

    @property
    def measured(self) -> int:
        """Numbers that end with the context: targets and past columns."""
        return self.targets + self.past

    @property
    def values(self) -> int:
        """All numbers but the flags."""
        return self.measured + self.future + self.static + self.named

    @property
    def size(self) -> int:
        """All numbers."""
        return self.values + self.flags

    @property
    def static_places(self) -> slice:
        """Where the static columns stand."""
        first = self.measured + self.future
        return slice(first, first + self.static)

    def check(
        self, context_BTC: Tensor, target_BKC: Tensor | None, future_BKF: Tensor, *, horizon: int
    ) -> None:
        """Raise ValueError for a context, its targets or future columns of another shape."""
        if context_BTC.dim() != 3 or context_BTC.shape[-1] != self.size:
            raise ValueError(
                f"context: shape {tuple(context_BTC.shape)}; expected (windows, steps, {self.size})"
            )
        expected = {"target": self.targets, "future": self.future}
        for (name, columns), values in zip(expected.items(), (target_BKC, future_BKF), strict=True):
            shape = (context_BTC.shape[0], horizon, columns)
            if values is not None and tuple(values.shape) != shape:
                raise ValueError(f"{name}: shape {tuple(values.shape)}; expected {shape}")

    def check_flags(self, *, apart: bool) -> None:
        """Raise ValueError for flags of nothing, or where targets are ``apart`` of some of them."""
        if self.flags > self.values:
            raise ValueError(f"flag_size: {self.flags} flags; expected at most {self.values}")
        if apart and 0 < self.flags < self.targets:
            raise ValueError(
                f"flag_size: {self.flags} flags; expected none or those of all {self.targets} "
                "targets"
            )

    def alone(self) -> "Row":
        """The row of one target by itself: with the columns that all targets share, and flags."""
        shared = self.flags - self.targets
        return Row(1, 0, self.future, self.static, 1 + shared if self.flags else 0)

    def separate(self, values_BTC: Tensor) -> Tensor:
        """[B, T, size] to [B * targets, T, alone.size]: each target with what all of them share."""
        own, shared, flags = torch.split(
            values_BTC, [self.targets, self.values - self.targets, self.flags], dim=-1
        )
        parts = [own.unsqueeze(-1), shared.unsqueeze(-2).expand(*own.shape, -1)]
        if self.flags:
            own, shared = flags[..., : self.targets], flags[..., self.targets :]
            parts += [own.unsqueeze(-1), shared.unsqueeze(-2).expand(*own.shape, -1)]
        return torch.cat(parts, dim=-1).transpose(1, 2).flatten(0, 1)

    def by_parameter(self, numbers: Tensor) -> Tensor:
        """What a decoder gives for windows, [B, K, numbers], as [B, K, parameters, targets]."""
        return numbers.view(*numbers.shape[:-1], -1, self.targets)

    def together(self, numbers: Tensor) -> Tensor:
        """The same of samples [B * targets, K, parameters] that are one target each."""
        return numbers.view(-1, self.targets, *numbers.shape[1:]).permute(0, 2, 3, 1)


@dataclass(frozen=True)
class Plan:
    """What a decoder is made for: samples of this row, K steps, hidden states of this width.

    ``dropout`` is the share of hidden values dropped in training. ``segment`` is how many steps go
    together, ``samples_per_window`` how many samples of a window are told apart, one after the
    other. ``head`` says what is read for each target of a step.
    """

    row: Row
    horizon: int
    hidden: int
    dropout: float = 0.0
    segment: int = 1
    samples_per_window: int = 1
    head: Head = POINT

    @property
    def numbers(self) -> int:
        """Numbers of one step of a forecast: the first of every target, then the second, ..."""
        return self.row.targets * self.head.parameters


@dataclass(frozen=True, eq=False)
class Ahead:
    """What a decoder may know of the horizon: ``future`` [B, K, F] and ``static`` [B, S] columns.

    Either may have no column at all. ``truth`` [B, K, targets] is fed back with chance
    ``teacher_forcing`` instead of the forecast, in training; None never is.
    """

    future: Tensor
    static: Tensor
    truth: Tensor | None = None
    teacher_forcing: float = 0.0
