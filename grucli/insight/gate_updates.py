"""How one optimiser step moved each gate's share of the recurrent parameters.

Suffixes: M matrices (all gates of all parameters of a group), H hidden, C columns.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.cells.address import MatrixAddress, matrices_of, parse_parameter
from grucli.nn import RecurrentModel
from grucli.results import GateUpdate

GroupUpdates = dict[str, list[float]]
"""``gradient_norm`` before clipping and ``update_ratio``, applied change over weight, by matrix.

The ratio is NaN for weights that were zero.
"""


def recurrent_parameters(model: RecurrentModel) -> dict[str, Tensor]:
    """The stacked parameters of the recurrent layers by name, each [gates * H, ...]."""
    named = model.recurrent.named_parameters()
    return {name: p for name, p in named if parse_parameter(name) is not None}


@dataclass(frozen=True)
class GateGroup:
    """Recurrent parameters of one shape, looked at together: many small calls would cost more.

    ``matrices`` names the M blocks of their rows in order, all gates of one parameter first.
    """

    matrices: tuple[MatrixAddress, ...]
    hidden_to_hidden: bool
    parameters: tuple[Tensor, ...]

    def weights(self) -> Tensor:
        """A copy of the weights as they are now: [M, H, C], or [M, H] of biases and gains."""
        return self._stack(self.parameters)

    def gradients(self) -> Tensor:
        """A copy of the gradients, zero where there is none."""
        return self._stack(
            [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        )

    @torch.no_grad()
    def _stack(self, tensors: Sequence[Tensor]) -> Tensor:
        rows = torch.cat(tuple(tensors))
        return rows.reshape(len(self.matrices), -1, *rows.shape[1:])


def gate_groups(model: RecurrentModel, cell: str) -> tuple[GateGroup, ...]:
    """All recurrent parameters; hidden-to-hidden weights, input weights and vectors apart."""
    groups: dict[tuple[object, ...], dict[str, Tensor]] = {}
    for name, parameter in recurrent_parameters(model).items():
        square = parameter.dim() == 2 and "weight_hh" in name
        groups.setdefault((square, *parameter.shape), {})[name] = parameter
    return tuple(
        GateGroup(
            matrices=tuple(m for name in named for m in matrices_of(cell, name)),
            hidden_to_hidden=bool(key[0]),
            parameters=tuple(named.values()),
        )
        for key, named in groups.items()
    )


def norms(stacked: Tensor) -> Tensor:
    """Frobenius norm of a matrix, bias or gain in a record.

    Formula: |W|_F = sqrt(sum w^2)

    Tells: growth from record to record.

    Misleads: below a layer normalisation it says only how far a step can still turn the matrix.

    At the start: as in the report of a file.

    Source: the usual definition.

    Returns [M] for a stack of M, in float64.
    """
    found: Tensor = torch.linalg.vector_norm(stacked.flatten(1), dim=1, dtype=torch.float64)
    return found


@dataclass(frozen=True)
class StepProbe:
    """The weights of a group just before an optimiser step and the norms of their gradients."""

    group: GateGroup
    weights: Tensor
    gradient_norms: Tensor

    @classmethod
    def take(cls, group: GateGroup) -> "StepProbe":
        """Copy the weights; call after backward and before clipping."""
        return cls(group, group.weights(), norms(group.gradients()))

    def updates(self) -> GroupUpdates:
        """Gradient norm, and how far one step moved a matrix beside its size.

        Formula: |dL/dW|_F before clipping, and |W_after - W_before|_F / |W_before|_F

        Tells: where the loss reaches, and how fast weights change: about 1e-3 a step is usual,
        1e-2 fast, 1e-5 as good as standing still.

        Misleads: a gradient that is not zero does not prove that early steps are reached: see the
        gradient against lag. Gradients of matrices are summed over all steps of the context.
        Biases near 0 have large ratios.

        At the start: with Adam the first ratio is lr over the root mean square of the matrix.

        Source: Stanford's cs231n notes, "ratio of weights:updates". The change is measured, not
        taken from lr and gradient, which an adaptive optimiser scales.
        """
        change = self.group.weights() - self.weights
        sizes = (self.gradient_norms, norms(change), norms(self.weights))
        gradients, changes, before = torch.stack(sizes).tolist()
        pairs = zip(changes, before, strict=True)
        ratios = [change / norm if norm > 0 else math.nan for change, norm in pairs]
        return {"gradient_norm": gradients, "update_ratio": ratios}


class StepProbes:
    """Probes of all groups around one step, taken once for all who look at that step."""

    def __init__(self, groups: Sequence[GateGroup]) -> None:
        self.groups = groups
        self._step: int | None = None
        self._probes: list[StepProbe] = []
        self._updates: list[GroupUpdates] | None = None

    def take(self, step: int) -> None:
        """Look at the weights and gradients before the step that follows ``step`` others."""
        if step != self._step:
            self._step, self._updates = step, None
            self._probes = [StepProbe.take(group) for group in self.groups]

    def updates(self) -> list[GroupUpdates]:
        """How the step after the last ``take`` moved every group; ask before the next step."""
        if self._updates is None:
            self._updates = [probe.updates() for probe in self._probes]
            self._probes = []
        return self._updates


def gate_updates(
    groups: Sequence[GateGroup], updates: Sequence[GroupUpdates]
) -> tuple[GateUpdate, ...]:
    """Gradient and update of every matrix, without biases and gains: what an epoch shows."""
    rows: list[tuple[MatrixAddress, float, float]] = []
    for group, columns in zip(groups, updates, strict=True):
        if group.parameters[0].dim() == 2:
            rows += zip(group.matrices, *columns.values(), strict=True)
    return tuple(
        GateUpdate(m.symbol, m.place.layer, m.place.direction, m.gate, gradient, ratio)
        for m, gradient, ratio in sorted(rows, key=lambda row: row[0].order)
    )
