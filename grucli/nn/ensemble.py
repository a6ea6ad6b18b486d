"""Several models of one recipe that answer as one: with the mean of what each says.

Quantiles are averaged one by one (Vincent 1912; Lichtendahl et al. 2013), and so are the parameters
of a distribution: of one that is set by location and scale both are the same. Of Student's t and of
counts, whose shape differs too, the mean of parameters is again one of the kind, which that of
quantiles is not.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Self

from grucli.nn.forecaster import Forecaster
from grucli.nn.heads import Distribution
from grucli.nn.sequence_model import SequenceModel
from grucli.tensors import Tensor, nn, torch


class _Ensemble(nn.Module):
    """The first of the models in all but its answers; the others are no part of its weights."""

    peers: tuple[Any, ...]

    @classmethod
    def of(cls, first: nn.Module, peers: Sequence[nn.Module]) -> Self:
        """The models ``first`` and ``peers`` as one; they keep their weights."""
        ensemble = cls.__new__(cls)
        nn.Module.__init__(ensemble)
        ensemble.__dict__.update(first.__dict__)
        ensemble.__dict__["peers"] = tuple(peers)
        return ensemble

    def train(self, mode: bool = True) -> Self:
        """Set all models to training, or to use."""
        super().train(mode)
        for peer in self.peers:
            peer.train(mode)
        return self


class ForecasterEnsemble(_Ensemble, Forecaster):
    """Forecasts with the mean of several."""

    def distribution(self, *inputs: Any, **settings: Any) -> Distribution:
        """The mean of what each says."""
        own = super().distribution(*inputs, **settings)
        return _mean([own, *(peer.distribution(*inputs, **settings) for peer in self.peers)])

    @property
    def needs_windows(self) -> str:
        """There is no one state that could be carried on from row to row."""
        return super().needs_windows or "train.seeds"


class SequenceEnsemble(_Ensemble, SequenceModel):
    """Says of sequences the mean of what several say."""

    def forward(self, values_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        """The mean of what each says."""
        own = super().forward(values_BTC, lengths_B)
        return torch.stack([own, *(peer(values_BTC, lengths_B) for peer in self.peers)]).mean(0)


def _mean(made: Sequence[Distribution]) -> Distribution:
    first: Any = made[0]
    values = {entry.name: [getattr(one, entry.name) for one in made] for entry in fields(first)}
    means = {
        name: torch.stack(parts).mean(0)
        for name, parts in values.items()
        if isinstance(parts[0], Tensor)
    }
    averaged: Distribution = replace(first, **means)
    return averaged


def ensemble_of(models: Sequence[Any]) -> Any:
    """The models as one; a single one is itself."""
    first, *peers = models
    if not peers:
        return first
    kind: Any = ForecasterEnsemble if isinstance(first, Forecaster) else SequenceEnsemble
    return kind.of(first, peers)
