"""Layers with random numbers in them, and what the plain loop makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from grucli.cells import CELLS
from grucli.nn import MODULES
from grucli.nn.layer import run_layer
from grucli.nn.native.binding import available, run_layer_native
from grucli.nn.native.problem import native
from grucli.nn.rules import CellRule, LayerWeights, cell_rule, parameter_shapes

EVERY_VARIANT = [(cell, norm) for cell, spec in CELLS.items() for norm in spec.norm_names]
VARIANTS = [
    (cell, norm, activation.name)
    for cell, norm in EVERY_VARIANT
    for activation in CELLS[cell].activations
]
"""What the compiled kernel runs, which is all: cell, layer normalisation, activation."""

BFLOAT16_SETS = native.instruction_sets(native.Precision.bfloat16) if available() else []
needs_bfloat16 = pytest.mark.skipif(not BFLOAT16_SETS, reason="this processor has no bfloat16")


@dataclass(frozen=True)
class Case:
    """One layer, its inputs, and the gradients that come back to its results.

    c is the cell state of an lstm.
    """

    rule: CellRule
    parameters: dict[str, Tensor]
    x_TBC: Tensor
    h_BH: Tensor
    gradient_TBH: Tensor
    gradient_BH: Tensor
    c_BH: Tensor | None
    gradient_c_BH: Tensor | None
    reverse: bool = False
    lengths_B: Tensor | None = None

    @property
    def state(self) -> tuple[Tensor, ...]:
        """The initial state, h first."""
        return (self.h_BH,) if self.c_BH is None else (self.h_BH, self.c_BH)

    def to(self, dtype: torch.dtype) -> "Case":
        """The same numbers in another precision."""
        return replace(
            self,
            parameters={name: value.to(dtype) for name, value in self.parameters.items()},
            x_TBC=self.x_TBC.to(dtype),
            h_BH=self.h_BH.to(dtype),
            gradient_TBH=self.gradient_TBH.to(dtype),
            gradient_BH=self.gradient_BH.to(dtype),
            c_BH=None if self.c_BH is None else self.c_BH.to(dtype),
            gradient_c_BH=None if self.gradient_c_BH is None else self.gradient_c_BH.to(dtype),
        )


def make_case(
    variant: tuple[str, ...],
    sizes: tuple[int, int, int, int],
    *,
    bias: bool = True,
    norm_bias: bool = False,
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
    more = {"eps": eps, "activation": activation, "norm_bias": norm_bias}
    rule = cell_rule(MODULES[cell].equations, layer_norm, **more)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    parameters = {
        kind: draw(*shape) * (shape[-1] ** -0.5 if len(shape) == 2 else 0.3)
        + (1.0 if kind.startswith("gain") else 0.0)
        for kind, shape in parameter_shapes(rule, inputs, hidden, bias=bias).items()
    }

    def state() -> Tensor:
        return torch.zeros(batch, hidden) if zero_state else draw(batch, hidden)

    has_c = len(rule.spec.state) == 2
    return Case(
        rule,
        parameters,
        draw(steps, batch, inputs),
        state(),
        draw(steps, batch, hidden),
        draw(batch, hidden),
        state() if has_c else None,
        draw(batch, hidden) if has_c else None,
        reverse,
        torch.randint(1, steps + 1, (batch,), generator=generator) if ragged else None,
    )


def run(case: Case, *, native: bool) -> dict[str, Tensor]:
    """What the compiled kernel, or the plain loop, makes of it: see ``run_through``."""
    return run_through(run_layer_native if native else run_layer, case)


def run_through(layer: Callable[..., Any], case: Case, device: str = "cpu") -> dict[str, Tensor]:
    """Outputs, final state and the gradients of everything, by name; ``layer`` runs it."""
    leaves = {"x": case.x_TBC, "h": case.h_BH, "c": case.c_BH, **case.parameters}
    leaves = {
        k: value.to(device, copy=True).requires_grad_()
        for k, value in leaves.items()
        if value is not None
    }
    weights = LayerWeights(**{kind: leaves[kind] for kind in case.parameters})
    state = tuple(leaves[part] for part in case.rule.spec.state)
    where = {"reverse": case.reverse, "lengths_B": case.lengths_B}
    output, final = layer(case.rule, weights, leaves["x"], state, **where)
    gradients = [case.gradient_TBH, case.gradient_BH, case.gradient_c_BH]
    gradients = [gradient.to(device) for gradient in gradients[: 1 + len(final)]]
    torch.autograd.backward([output, *final], gradients)
    results = dict(zip(("output", "final", "final c"), (output, *final), strict=False))
    results = {name: value.detach() for name, value in results.items()}
    return results | {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
