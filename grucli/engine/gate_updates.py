"""How one optimiser step moved each gate's matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.gates import matrices_of, parse_parameter
from grucli.nn import Forecaster
from grucli.reports import GateUpdate


def recurrent_matrices(model: Forecaster) -> list[tuple[str, Tensor]]:
    """The stacked weight matrices of the recurrent layers by name, each [gates * H, C or H]."""
    named = model.recurrent.named_parameters()
    return [(name, p) for name, p in named if p.dim() == 2 and parse_parameter(name) is not None]


@dataclass(frozen=True)
class StepProbe:
    """Weights and gradients of the recurrent matrices just before an optimiser step."""

    matrices: Sequence[tuple[str, Tensor]]
    weights: Sequence[Tensor]
    gradients: Sequence[Tensor]

    @classmethod
    def take(cls, model: Forecaster) -> "StepProbe":
        """Copy weights and gradients; call after backward and before clipping."""
        matrices = recurrent_matrices(model)
        weights = [matrix.detach().clone() for _, matrix in matrices]
        gradients = [
            torch.zeros_like(matrix) if matrix.grad is None else matrix.grad.detach().clone()
            for _, matrix in matrices
        ]
        return cls(matrices, weights, gradients)

    def compare(self, cell: str) -> tuple[GateUpdate, ...]:
        """Compare with the weights as they are now, after the step, gate by gate."""
        updates = []
        rows = zip(self.matrices, self.weights, self.gradients, strict=True)
        for (name, matrix), before, gradient in rows:
            change = matrix.detach() - before
            for block in matrices_of(cell, name, before.shape[0]):
                norm = before[block.rows].norm()
                ratio = change[block.rows].norm() / norm.clamp(min=torch.finfo(norm.dtype).tiny)
                updates.append(
                    GateUpdate(
                        matrix=block.symbol,
                        layer=block.layer,
                        direction=block.direction,
                        gate=block.gate,
                        gradient_norm=float(gradient[block.rows].norm()),
                        update_ratio=float(ratio),
                    )
                )
        return tuple(updates)
