"""Layers with random numbers in them, and what the plain loop makes of them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grucli.cells import CELLS
from grucli.nn import MODULES
from grucli.nn.layer import run_layer
from grucli.nn.native.binding import run_layer_native
from grucli.nn.rules import CellRule, LayerWeights, cell_rule, parameter_shapes

EVERY_VARIANT = [(cell, norm) for cell, spec in CELLS.items() for norm in spec.norm_names]
VARIANTS = [
    (cell, norm, activation)
    for cell, norm in EVERY_VARIANT
    for activation in CELLS[cell].natives
    if CELLS[cell].layer_norm(norm).native is not None
]
"""What the compiled kernel runs: cell, layer normalisation, activation."""


@dataclass(frozen=True)
class Case:
    """One layer, its inputs, and the gradients that come back to its two results."""

    rule: CellRule
    parameters: dict[str, Tensor]
    x_TBC: Tensor
    h_BH: Tensor
    gradient_TBH: Tensor
    gradient_BH: Tensor
    reverse: bool = False
    lengths_B: Tensor | None = None

    def to(self, dtype: torch.dtype) -> "Case":
        """The same numbers in another precision."""
        return replace(
            self,
            parameters={name: value.to(dtype) for name, value in self.parameters.items()},
            x_TBC=self.x_TBC.to(dtype),
            h_BH=self.h_BH.to(dtype),
            gradient_TBH=self.gradient_TBH.to(dtype),
            gradient_BH=self.gradient_BH.to(dtype),
        )


def make_case(
    variant: tuple[str, ...],
    sizes: tuple[int, int, int, int],
    *,
    bias: bool = True,
    zero_state: bool = False,
    reverse: bool = False,
    ragged: bool = False,
) -> Case:
    """Random float32 numbers from a fixed seed; sizes are T, B, C, H."""
    steps, batch, inputs, hidden = sizes
    generator = torch.Generator().manual_seed(sum(sizes))
    # Two units differ by next to nothing now and then; a small eps makes a cliff of that, where
    # float32 and float64 part ways.
    cell, layer_norm, activation = (*variant, None)[:3]
    eps = 0.1 if hidden <= 3 else None
    rule = cell_rule(MODULES[cell].equations, layer_norm, eps=eps, activation=activation)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    parameters = {
        kind: draw(*shape) * (shape[-1] ** -0.5 if len(shape) == 2 else 0.3)
        + (1.0 if kind.startswith("gain") else 0.0)
        for kind, shape in parameter_shapes(rule, inputs, hidden, bias=bias).items()
    }
    return Case(
        rule,
        parameters,
        draw(steps, batch, inputs),
        torch.zeros(batch, hidden) if zero_state else draw(batch, hidden),
        draw(steps, batch, hidden),
        draw(batch, hidden),
        reverse,
        torch.randint(1, steps + 1, (batch,), generator=generator) if ragged else None,
    )


def run(case: Case, *, native: bool) -> dict[str, Tensor]:
    """Outputs, final state and the gradients of everything, by name."""
    leaves = {"x": case.x_TBC, "h": case.h_BH, **case.parameters}
    leaves = {name: value.clone().requires_grad_() for name, value in leaves.items()}
    weights = LayerWeights(**{kind: leaves[kind] for kind in case.parameters})
    where = {"reverse": case.reverse, "lengths_B": case.lengths_B}
    if native:
        output, final = run_layer_native(case.rule, weights, leaves["x"], leaves["h"], **where)
    else:
        output, (final,) = run_layer(case.rule, weights, leaves["x"], (leaves["h"],), **where)
    torch.autograd.backward([output, final], [case.gradient_TBH, case.gradient_BH])
    results = {"output": output.detach(), "final": final.detach()}
    return results | {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
