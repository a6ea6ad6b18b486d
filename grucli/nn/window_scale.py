"""Normalisation of single windows: a trend leaves the range of values that was seen in training."""

from dataclasses import dataclass

from grucli.tensors import Tensor, torch

WINDOW_SCALES = ("none", "last", "last_scaled", "mean_std", "mean")
SMALLEST_SPREAD = 1e-3
"""Floor of a window's spread, in scaled units, so that a flat window stays finite."""


@dataclass(frozen=True)
class WindowScale:
    """Centre and spread of every window and column, [B, 1, C] each; None is 0 and 1."""

    center: Tensor | None
    spread: Tensor | None

    @classmethod
    def of(cls, kind: str, context_BTC: Tensor) -> "WindowScale":
        """Measure windows.

        last: the newest value is the centre. last_scaled: and the mean absolute difference of
        neighbouring rows the spread (that of a single row is 1). mean_std: the mean and the biased
        standard deviation (Kim et al. 2022, RevIN, without its weights). mean: the spread is one
        more than the mean of the sizes, and there is no centre (Salinas et al. 2020, DeepAR).
        """
        if kind == "mean":
            return cls(None, 1 + context_BTC.abs().mean(dim=1, keepdim=True))
        if kind == "mean_std":
            variance, mean = torch.var_mean(context_BTC, dim=1, keepdim=True, correction=0)
            return cls(mean, variance.sqrt().clamp(min=SMALLEST_SPREAD))
        center = None if kind == "none" else context_BTC[:, -1:]
        if kind != "last_scaled" or context_BTC.shape[1] == 1:
            return cls(center, None)
        change = context_BTC.diff(dim=1).abs().mean(dim=1, keepdim=True)
        return cls(center, change.clamp(min=SMALLEST_SPREAD))

    def apply(self, values_BTC: Tensor) -> Tensor:
        """Normalise values of the first columns (a target has fewer than the context)."""
        columns = values_BTC.shape[-1]
        if self.center is not None:
            values_BTC = values_BTC - self.center[..., :columns]
        return values_BTC if self.spread is None else values_BTC / self.spread[..., :columns]

    def undo(self, values_BKC: Tensor) -> Tensor:
        """The inverse of ``apply``."""
        columns = values_BKC.shape[-1]
        if self.spread is not None:
            values_BKC = values_BKC * self.spread[..., :columns]
        return values_BKC if self.center is None else values_BKC + self.center[..., :columns]

    def spread_of(self, values_BKC: Tensor) -> Tensor:
        """The spread of the windows that values belong to, [B, 1, C]."""
        if self.spread is None:
            return torch.ones_like(values_BKC[:, :1])
        return self.spread[..., : values_BKC.shape[-1]]

    def shifted(self, values_BKC: Tensor | None) -> "WindowScale":
        """One that puts these values upon what it undoes, as many as there are steps; None none."""
        if values_BKC is None:
            return self
        if self.center is not None:
            values_BKC = values_BKC + self.center[..., : values_BKC.shape[-1]]
        return WindowScale(values_BKC, self.spread)

    def together(self, samples: int) -> "WindowScale":
        """That of windows [B, 1, C] of which each of C columns was a sample by itself."""

        def side_by_side(part: Tensor | None) -> Tensor | None:
            return None if part is None else part.view(-1, samples, 1).mT

        return WindowScale(side_by_side(self.center), side_by_side(self.spread))
