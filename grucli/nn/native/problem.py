"""A layer as the compiled module takes it: numbers of its enums, sizes, and bare addresses.

That is why every tensor is checked here first. Suffixes are those of ``operators.py``.
"""

import math
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grucli.cells import CELLS
from grucli.nn.rules import CellRule


def _import_native() -> Any:
    """The compiled module; None where grucli was installed without a compiler."""
    try:
        return import_module("grucli.nn._native")
    except ImportError:
        return None


native: Any = _import_native()

_PAD = 16  # kPad
_STORED = 1 << 14  # so many floats and more come from the store
_NAMES = ("x", "weight_ih", "weight_hh", "gain_x", "gain_h", "bias_x", "bias_h", "h")
_RESULT_NAMES = ("outputs", "saved_h", "saved_x", "gradient_outputs", "gradient_h_n")
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
_RECOMPUTED_INPUTS = 32  # up to so many columns, x W is cheaper to compute again than to keep


def knows(rule: CellRule) -> bool:
    """Whether the compiled module has a layer's cell and layer normalisation."""
    return None not in (rule.spec.native, rule.norm.native) and not rule.norm_bias


def rule_words(rule: CellRule) -> tuple[str, str, str]:
    """What the operators are told of a layer's cell: its name, activation and normalisation."""
    return rule.spec.name, rule.spec.activation.name, rule.norm.name


class Layer(NamedTuple):
    """The arguments that both operators begin with; the vectors are [G] or absent."""

    x_TBC: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    gain_x: Tensor | None
    gain_h: Tensor | None
    bias_x: Tensor | None
    bias_h: Tensor | None
    h_BH: Tensor
    lengths_B: Tensor | None
    cell: str
    activation: str
    layer_norm: str
    eps: float
    reverse: bool

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """T, B, C and H."""
        steps, batch, inputs = self.x_TBC.shape
        return steps, batch, inputs, self.weight_hh.shape[1]

    @property
    def saved_width(self) -> int:
        """Columns of a saved product: the gates, each padded."""
        return len(CELLS[self.cell].gates) * -(-self.sizes[3] // _PAD) * _PAD


def saved_steps(steps: int, inputs: int, save: bool) -> tuple[int, int]:
    """Steps to keep of h U and of x W."""
    return (steps if save else 0, steps if save and inputs > _RECOMPUTED_INPUTS else 0)


def prepared(layer: Layer) -> Layer:
    """Check what the kernel will trust, and lay out in rows what is not. Raises RuntimeError."""
    if layer.x_TBC.dim() != 3 or layer.weight_hh.dim() != 2:
        found = f"x {tuple(layer.x_TBC.shape)} and weight_hh {tuple(layer.weight_hh.shape)}"
        raise RuntimeError(f"recurrent: found {found}; expected x (T, B, C), weight_hh (G, H)")
    steps, batch, inputs, hidden = layer.sizes
    rows = _gates(layer.cell, layer.activation, layer.layer_norm) * hidden
    shapes = [layer.x_TBC.shape, (rows, inputs), (rows, hidden), *[(rows,)] * 4, (batch, hidden)]
    for name, tensor, shape in zip(_NAMES, layer, shapes, strict=False):
        _check(name, tensor, shape)
    contiguous: dict[str, Any] = {
        name: tensor.contiguous()
        for name, tensor in zip(Layer._fields[1:8], layer[1:8], strict=True)
        if isinstance(tensor, Tensor)
    }
    lengths_B = _checked_lengths(layer.lengths_B, batch, steps)
    return layer._replace(x_TBC=with_plain_rows(layer.x_TBC), lengths_B=lengths_B, **contiguous)


class Results(NamedTuple):
    """What the backward pass is given of the forward pass, and the gradients that come back."""

    output_TBH: Tensor
    saved_h: Tensor
    saved_x: Tensor
    gradient_TBH: Tensor | None
    gradient_BH: Tensor | None

    def prepared(self, layer: Layer) -> "Results":
        """The same for the results of a prepared layer that saved. Raises RuntimeError."""
        steps, batch, inputs, hidden = layer.sizes
        saved = [(n, batch, layer.saved_width) for n in saved_steps(steps, inputs, save=True)]
        sequence = (steps, batch, hidden)
        shapes = [sequence, *saved, sequence, (batch, hidden)]
        for name, tensor, shape in zip(_RESULT_NAMES, self, shapes, strict=True):
            _check(name, tensor, shape)
        gradient_TBH, gradient_BH = self.gradient_TBH, self.gradient_BH
        return Results(
            with_plain_rows(self.output_TBH),
            self.saved_h.contiguous(),
            self.saved_x.contiguous(),
            None if gradient_TBH is None else with_plain_rows(gradient_TBH),
            None if gradient_BH is None else gradient_BH.contiguous(),
        )


def _check(name: str, tensor: Any, shape: Sequence[int]) -> None:
    """Raise RuntimeError for a tensor of another shape or type; torch has looked at its device."""
    if tensor is not None and (tensor.shape != shape or tensor.dtype != torch.float32):
        raise RuntimeError(
            f"recurrent: {name}: found {tensor.dtype} {tuple(tensor.shape)}; "
            f"expected torch.float32 {tuple(shape)}"
        )


@cache
def _gates(cell: str, activation: str, layer_norm: str) -> int:
    """How many gates a layer's cell has. Raises RuntimeError where the kernel has none such."""
    spec = CELLS.get(cell)
    if (
        spec is None
        or activation not in spec.natives
        or layer_norm not in spec.norm_names
        or spec.layer_norm(layer_norm).native is None
    ):
        raise RuntimeError(
            f"recurrent: found cell {cell!r} with activation {activation!r} and layer_norm "
            f"{layer_norm!r}; expected one that the native kernel has"
        )
    return len(spec.gates)


def _checked_lengths(lengths_B: Tensor | None, batch: int, steps: int) -> Tensor | None:
    if lengths_B is None:
        return None
    numbers_B = lengths_B.to(torch.int64).contiguous()
    fits = lengths_B.dtype in _INTEGERS and numbers_B.shape == (batch,)
    if not fits or not bool(((numbers_B >= 0) & (numbers_B <= steps)).all()):
        raise RuntimeError(f"recurrent: lengths must be {batch} numbers from 0 to {steps}")
    return numbers_B


def unfilled(shape: Sequence[int]) -> Tensor:
    """A float32 tensor: from the kernel's store, or where malloc keeps pages too, from torch."""
    if math.prod(shape) < _STORED:
        return torch.empty(shape, dtype=torch.float32)
    stored: Tensor = native.empty(shape)
    return stored


def with_plain_rows(tensor: Tensor) -> Tensor:
    """The tensor itself where its last axis has stride 1, else a copy."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def new_problem(layer: Layer, output_TBH: Tensor, h_n_BH: Tensor, saved: list[Tensor]) -> Any:
    """What forward and backward share: a prepared layer, its outputs and its saved products."""
    return native.Problem(
        CELLS[layer.cell].activated(layer.activation).native,
        CELLS[layer.cell].layer_norm(layer.layer_norm).native,
        layer.eps,
        layer.reverse,
        layer.sizes,
        [address(t) for t in (*layer[:8], output_TBH, h_n_BH, *saved)],
        strides(layer.x_TBC),
        strides(output_TBH),
    )


def address(tensor: Tensor | None) -> int:
    """Where the numbers begin; 0 for none."""
    return 0 if tensor is None or tensor.numel() == 0 else tensor.data_ptr()


def strides(tensor: Tensor | None) -> tuple[int, int]:
    """Floats from step to step and from row to row."""
    return (0, 0) if tensor is None else (tensor.stride(0), tensor.stride(1))
