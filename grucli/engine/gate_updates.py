"""How one optimiser step moved each gate's share of the recurrent parameters."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.gates import GATES, parse_parameter
from grucli.nn import Forecaster
from grucli.reports import GateUpdate, WeightRecord


def recurrent_parameters(model: Forecaster) -> dict[str, Tensor]:
    """The stacked parameters of the recurrent layers by name, each [gates * H, ...]."""
    named = model.recurrent.named_parameters()
    return {name: p.detach() for name, p in named if parse_parameter(name) is not None}


def gate_norms(stacked: Tensor, gates: int) -> Tensor:
    """Frobenius norm [gates] of each gate's rows of a stacked parameter, in float64."""
    rows = stacked.reshape(gates, -1)
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    return norms


@dataclass(frozen=True)
class StepProbe:
    """The recurrent weights just before an optimiser step and the norms of their gradients."""

    model: Forecaster
    gates: int
    weights: Mapping[str, Tensor]
    gradient_norms: Mapping[str, Tensor]

    @classmethod
    def take(cls, model: Forecaster, cell: str) -> "StepProbe":
        """Copy the weights; call after backward and before clipping."""
        gates = len(GATES[cell])
        weights = {name: value.clone() for name, value in recurrent_parameters(model).items()}
        named = dict(model.recurrent.named_parameters())
        norms = {}
        for name, before in weights.items():
            gradient = named[name].grad
            norms[name] = gate_norms(
                torch.zeros_like(before) if gradient is None else gradient, gates
            )
        return cls(model, gates, weights, norms)

    def update_ratios(self) -> dict[str, Tensor]:
        """Applied change over weight [gates]; NaN for weights that were zero.

        Measured on the weights as they are now, after the step, not from lr and gradient, which
        an adaptive optimiser scales.
        """
        ratios = {}
        for name, after in recurrent_parameters(self.model).items():
            before = self.weights[name]
            norm = gate_norms(before, self.gates)
            ratio = gate_norms(after - before, self.gates) / norm
            ratios[name] = torch.where(norm > 0, ratio, torch.nan)
        return ratios


def gate_updates(record: WeightRecord) -> tuple[GateUpdate, ...]:
    """Gradient and update of every matrix, without biases and gains: what an epoch shows."""
    return tuple(
        GateUpdate(
            matrix=matrix.symbol,
            layer=matrix.layer,
            direction=matrix.direction,
            gate=matrix.gate,
            gradient_norm=math.nan if matrix.gradient_norm is None else matrix.gradient_norm,
            update_ratio=math.nan if matrix.update_ratio is None else matrix.update_ratio,
        )
        for matrix in record.matrices
        if matrix.part in ("ih", "hh")
    )
