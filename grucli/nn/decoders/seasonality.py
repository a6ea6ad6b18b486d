"""A seasonal profile beside the network: what the clock and the calendar say by themselves.

Suffixes: B batch, T context steps, K horizon steps, C columns, F future columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from grucli.nn.decoders.rows import Row
from grucli.tensors import Tensor, nn, torch


class Seasonality(nn.Module):
    """A periodic function of each target and cycle, learned with the network.

    s(t) = sum over cycles and i = 1..n of a_i sin(i w t) + b_i cos(i w t), where sin(w t) and
    cos(w t) are future columns; with n half the steps of a cycle any profile has this form. It is
    taken off the context before that is normalised and read, and put upon the forecast: network
    and skip see what is left (learned cycles: Lin et al. 2024, arXiv 2409.18479, CycleNet; as
    Fourier series: Taylor & Letham 2018, Prophet). It is zero until it is fitted or learned.

    The network reads these future columns too, or, with ``alone``, not. ``given`` is a row as it
    comes in, ``row`` as the network reads it.
    """

    def __init__(self, given: Row, harmonics: Mapping[int, int], *, alone: bool = False) -> None:
        """``harmonics``: where among the future columns of a row a sine stands, its cosine behind
        it, to the number n of waves of that cycle.

        Raises ValueError for a place that is none, and for a number below 1.
        """
        super().__init__()
        if any(not 0 <= place < given.future - 1 or n < 1 for place, n in harmonics.items()):
            raise ValueError(
                f"harmonics: {dict(harmonics)}; expected places of sines among {given.future} "
                "future columns, each with its cosine behind it, and at least 1 wave"
            )
        self.given, self.harmonics = given, dict(harmonics)
        own = {wave for sine in harmonics for wave in (sine, sine + 1)}
        self._unread = sorted(own) if alone else []
        self.row = replace(given, future=given.future - len(self._unread))
        if harmonics:
            waves = 2 * sum(harmonics.values())
            self.weight = nn.Parameter(torch.empty(waves, given.targets))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Put the profile at zero."""
        if self.harmonics:
            self.weight.zero_()

    def of(self, known_BKF: Tensor) -> Tensor | None:
        """The profile [B, K, targets] where the future columns are these; None without one."""
        return self.waves(known_BKF) @ self.weight if self.harmonics else None

    def waves(self, known_BKF: Tensor) -> Tensor:
        """Sines and cosines of all cycles where the future columns are these: [B, K, waves]."""
        waves = [
            wave
            for place, count in self.harmonics.items()
            for wave in _multiples(known_BKF[..., place], known_BKF[..., place + 1], count)
        ]
        return torch.stack(waves, dim=-1)

    def taken_off(self, context_BTC: Tensor) -> Tensor:
        """Contexts as the network reads them: their targets are what the profile leaves of them."""
        given = self.given
        profile = self.of(context_BTC[..., given.measured : given.measured + given.future])
        if profile is None:
            return context_BTC
        read_BTC = _without(context_BTC, [given.measured + place for place in self._unread])
        rest = read_BTC[..., : given.targets] - profile
        return torch.cat([rest, read_BTC[..., given.targets :]], dim=-1)

    def ahead(self, known_BKF: Tensor) -> Tensor:
        """Of the future columns those that the network reads."""
        return _without(known_BKF, self._unread)

    def places(self, categories: Mapping[int, int]) -> dict[int, int]:
        """Categories by their places in a row as it is read, instead of those as it comes in.

        Raises ValueError for the place of a cycle that the profile alone knows.
        """
        unread = {self.given.measured + place for place in self._unread}
        if unread & categories.keys():
            raise ValueError(
                f"categories: {dict(categories)}; expected other places than {sorted(unread)}, "
                "which the profile alone knows"
            )
        return {
            place - sum(other < place for other in unread): texts
            for place, texts in categories.items()
        }


def _without(values: Tensor, places: Sequence[int]) -> Tensor:
    """Columns [..., C] but those at some places, which ascend."""
    edges = [-1, *places, values.shape[-1]]
    parts = [values[..., a + 1 : b] for a, b in pairwise(edges) if b - a > 1]
    if len(parts) > 1:
        return torch.cat(parts, dim=-1)
    return parts[0] if parts else values[..., :0]


def _multiples(sine: Tensor, cosine: Tensor, count: int) -> list[Tensor]:
    """Sines and cosines of 1 to ``count`` times the angles whose sine and cosine are given."""
    waves = [sine, cosine]
    for _ in range(count - 1):
        s, c = waves[-2:]
        waves += [s * cosine + c * sine, c * cosine - s * sine]
    return waves
