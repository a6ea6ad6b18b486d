"""Which equations hold in a layer, and which parameters that gives it.

Suffixes: B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from grucli.cells import CellSpec, LayerNorm
from grucli.cells.spec import STATE_VECTORS
from grucli.tensors import Tensor

LayerState = tuple[Tensor, ...]
"""The parts of a layer's state, h first; each [B, H]."""


class LayerWeights(NamedTuple):
    """The parameters of one layer in one direction: weights [G, C] and [G, H], the rest [G].

    Those of a normalised part of the state are [H].
    ``None`` where the variant has no such parameter (see ``parameter_shapes``).
    """

    weight_ih: Tensor
    weight_hh: Tensor | None = None
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    gain_ih: Tensor | None = None
    gain_hh: Tensor | None = None
    gain_sum: Tensor | None = None
    bias_sum: Tensor | None = None
    norm_bias_ih: Tensor | None = None
    norm_bias_hh: Tensor | None = None
    gain_state: Tensor | None = None
    bias_state: Tensor | None = None


class StepValues(NamedTuple):
    """What one step computes on its way; each tuple, side by side, has the order of the gates.

    ``state`` is the next state, h first, each part [B, H]. ``gates`` are the activations [B, H]
    (the h of a plain network), ``arguments`` what these are taken of. Where a sum is normalised,
    ``sums`` holds it before and ``normalised`` after. Where a part of the state is normalised,
    ``inner`` is it before and ``shown`` after, whichever of them is carried on.
    """

    state: LayerState
    gates: tuple[Tensor, ...]
    arguments: tuple[Tensor, ...]
    sums: tuple[Tensor, ...] = ()
    normalised: tuple[Tensor, ...] = ()
    inner: Tensor | None = None
    shown: Tensor | None = None


@dataclass(frozen=True)
class Equations:
    """What a cell computes.

    ``step`` gets both sides' shares of the gates, [B, G] each, and the state, and gives the next
    one with what is computed on the way. Of gates that do not read the state the second is
    [B, 0]. ``fused`` names torch's call for a whole layer without
    normalisation, where it has one; {activation} stands for that of the cell.
    """

    spec: CellSpec
    step: Callable[["CellRule", LayerWeights, Tensor, Tensor, LayerState], StepValues]
    fused: str | None = None


@dataclass(frozen=True)
class CellRule:
    """Which equations hold: those of the cell, its layer normalisation, the eps of its variance.

    ``spec`` is the cell with the activation that was chosen. With ``norm_bias`` each product has a
    bias of its own inside the normalisation. ``precision`` is what the compiled kernel rounds the
    factors of its products to: float32 or bfloat16.
    """

    equations: Equations
    spec: CellSpec
    norm: LayerNorm
    eps: float
    norm_bias: bool = False
    precision: str = "float32"


def cell_rule(
    equations: Equations,
    layer_norm: str,
    *,
    eps: float | None = None,
    activation: str | None = None,
    norm_bias: bool = False,
    precision: str = "float32",
) -> CellRule:
    """Choose the equations; None is the eps of the layer normalisation, the cell's own activation.

    Raises ValueError for a variant or an activation that the cell has not, an eps not above 0, and
    a norm_bias where nothing is normalised.
    """
    norm = equations.spec.layer_norm(layer_norm)
    if eps is None:
        eps = norm.eps
    if not eps > 0:
        raise ValueError(f"eps: {eps} is not above 0; without it a zero state divides by zero")
    if norm_bias and not norm.groups:
        raise ValueError("norm_bias: nothing is normalised with layer_norm none; its biases do")
    return CellRule(
        equations, equations.spec.activated(activation), norm, eps, norm_bias, precision
    )


def parameter_shapes(
    rule: CellRule, input_size: int, hidden_size: int, *, bias: bool
) -> dict[str, tuple[int, ...]]:
    """Kind of parameter -> shape, in the order in which torch's modules register them."""
    rows = len(rule.spec.gates) * hidden_size
    shapes = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size)}
    kinds = rule.spec.parameters(rule.norm, bias=bias, norm_bias=rule.norm_bias)
    return {
        kind: shapes.get(kind, (hidden_size if kind in STATE_VECTORS else rows,)) for kind in kinds
    }


def norm_blocks(rule: CellRule, rows: int) -> list[int]:
    """Sizes of the blocks of the gates' rows that share one mean and one variance; [] for none."""
    hidden = rows // len(rule.spec.gates)
    return [len(gates) * hidden for gates in rule.norm.groups]
