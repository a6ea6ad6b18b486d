"""Which equations of ``cells.py`` hold in a layer, and which parameters that gives it."""

from dataclasses import dataclass

from torch import Tensor

from grucli.cells.address import GATES, normalised_together

LAYER_NORMS: dict[str, tuple[str, ...]] = {
    "gru": ("none", "split", "ba2016", "sum", "sum_joint"),
    "rnn": ("none", "split", "ba2016", "sum", "sum_joint"),
    "lstm": ("none",),
}
"""The variants that exist for each cell."""


@dataclass(frozen=True)
class CellRule:
    """Which equations hold: the cell, its layer normalisation and the eps of its variance."""

    cell: str
    layer_norm: str
    eps: float


@dataclass(frozen=True)
class LayerWeights:
    """The parameters of one layer in one direction: weights [G, C] and [G, H], the rest [G].

    ``None`` where the variant has no such parameter (see ``parameter_shapes``).
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    gain_ih: Tensor | None = None
    gain_hh: Tensor | None = None
    gain_sum: Tensor | None = None
    bias_sum: Tensor | None = None


def cell_rule(cell: str, layer_norm: str, eps: float | None = None) -> CellRule:
    """Choose the equations; ``eps`` None is 1e-5, for sum_joint 1e-3 (as in DreamerV2).

    Raises ValueError for a cell, a variant of it or an eps that does not exist.
    """
    if cell not in LAYER_NORMS:
        raise ValueError(f"cell: {cell!r} is unknown; expected one of {', '.join(LAYER_NORMS)}")
    if layer_norm not in LAYER_NORMS[cell]:
        known = ", ".join(LAYER_NORMS[cell])
        raise ValueError(f"layer_norm: {layer_norm!r} does not exist for {cell}; expected {known}")
    if eps is None:
        eps = 1e-3 if layer_norm == "sum_joint" else 1e-5
    if not eps > 0:
        raise ValueError(f"eps: {eps} is not above 0; without it a zero state divides by zero")
    return CellRule(cell, layer_norm, eps)


def parameter_shapes(
    rule: CellRule, input_size: int, hidden_size: int, *, bias: bool
) -> dict[str, tuple[int, ...]]:
    """Kind of parameter -> shape, in the order in which torch's modules register them."""
    rows = len(GATES[rule.cell]) * hidden_size
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (rows, input_size),
        "weight_hh": (rows, hidden_size),
    }
    if rule.layer_norm.startswith("sum"):
        vectors = ["gain_sum", *["bias_sum"] * bias]
    else:
        vectors = ["bias_ih", "bias_hh"] * bias
        if rule.layer_norm != "none":
            vectors += ["gain_ih", "gain_hh"]
    return shapes | dict.fromkeys(vectors, (rows,))


def norm_blocks(rule: CellRule, rows: int) -> list[int]:
    """Sizes of the blocks of the gates' rows that share one mean and one variance; [] for none."""
    hidden = rows // len(GATES[rule.cell])
    return [len(gates) * hidden for gates in normalised_together(rule.cell, rule.layer_norm)]
