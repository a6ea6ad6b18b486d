"""A layer as the compiled module takes it: a variant, sizes, and bare addresses by name.

That is why every tensor is checked here first. Suffixes are those of ``operators.py``.
"""

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from grucli.cells import CELLS
from grucli.nn.rules import CellRule
from grucli.tensors import IS_TORCH, Tensor, torch


def _import_native() -> Any:
    """The compiled module; None where grucli was installed without a compiler."""
    try:
        return import_module("grucli.nn._native")
    except ImportError:
        return None


native: Any = _import_native()

VARIANTS: dict[tuple[str, str, str, str], Any] = (
    {
        (v.cell, v.activation, v.layer_norm, v.precision): v
        for precision in native.Precision
        for v in native.variants(precision)
    }
    if native
    else {}
)
"""Cell, activation, layer normalisation and precision -> what the compiled module calls them."""

_STORED = 1 << 14  # so many floats and more come from the store
_VECTORS = ("gain_x", "gain_h", "bias_x", "bias_h", "gain_c", "bias_c")
_RESULT_NAMES = (
    *("outputs", "saved_h", "saved_x", "saved_c"),
    *("gradient_outputs", "gradient_h_n", "gradient_c_n"),
)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def knows(rule: CellRule) -> bool:
    """Whether the compiled module has a layer's cell and layer normalisation."""
    return rule_words(rule) in VARIANTS and not rule.norm_bias


def rule_words(rule: CellRule) -> tuple[str, str, str, str]:
    """What the operators are told: a layer's cell, activation, normalisation and precision."""
    return rule.spec.name, rule.spec.activation.name, rule.norm.name, rule.precision


class Layer(NamedTuple):
    """The arguments that both operators begin with.

    Vectors are [G], those of c [H], or absent; c is the cell state of an lstm. A state of zeros has
    neither h nor c.
    """

    x: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    gain_x: Tensor | None
    gain_h: Tensor | None
    bias_x: Tensor | None
    bias_h: Tensor | None
    gain_c: Tensor | None
    bias_c: Tensor | None
    h: Tensor | None
    c: Tensor | None
    lengths: Tensor | None
    cell: str
    activation: str
    layer_norm: str
    precision: str
    eps: float
    reverse: bool

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """T, B, C and H."""
        steps, batch, inputs = self.x.shape
        return steps, batch, inputs, self.weight_hh.shape[1]

    @property
    def variant(self) -> Any:
        """The compiled module's. Raises RuntimeError where it has none such."""
        words = (self.cell, self.activation, self.layer_norm, self.precision)
        variant = VARIANTS.get(words)
        if variant is None:
            raise RuntimeError(
                f"recurrent: found cell {self.cell!r} with activation {self.activation!r} and "
                f"layer_norm {self.layer_norm!r} in precision {self.precision!r}; expected one "
                "that the native kernel has"
            )
        return variant

    def saved_shapes(self, *, save: bool) -> list[tuple[int, int, int]]:
        """What is kept for the backward pass: h U (or x W + h U), x W, and c before each step."""
        steps, batch, inputs, hidden = self.sizes
        padded = -(-hidden // native.PAD) * native.PAD
        width, reads_sum = len(CELLS[self.cell].gates) * padded, self.variant.reads_sum
        keeps_h = save and (hidden > native.RECOMPUTED_HIDDEN or reads_sum)
        keeps_x = save and inputs > native.RECOMPUTED_INPUTS and not reads_sum
        keeps_c = save and self.variant.has_cell_state
        kept = ((keeps_h, width), (keeps_x, width), (keeps_c, padded))
        return [(steps if keeps else 0, batch, columns) for keeps, columns in kept]


PARAMETERS = ("weight_ih", "weight_hh", *_VECTORS)
"""The names that the kernel has for the parameters of a layer."""

TENSORS = Layer._fields[: Layer._fields.index("lengths")]
"""The float32 tensors of a layer, which have gradients."""


def prepared(layer: Layer) -> Layer:
    """Check what the kernel will trust, and lay out in rows what is not. Raises RuntimeError."""
    if layer.x.dim() != 3 or layer.weight_hh.dim() != 2:
        found = f"x {tuple(layer.x.shape)} and weight_hh {tuple(layer.weight_hh.shape)}"
        raise RuntimeError(f"recurrent: found {found}; expected x (T, B, C), weight_hh (G, H)")
    steps, batch, inputs, hidden = layer.sizes
    needs_c = layer.h is not None and layer.variant.has_cell_state
    if (layer.c is not None) != needs_c:
        found, expected = ("no c", "one") if layer.c is None else ("a c", "none")
        given = "" if layer.h is not None else " without h"
        raise RuntimeError(
            f"recurrent: found {found}; expected {expected} for cell {layer.cell!r}{given}"
        )
    rows, state = len(CELLS[layer.cell].gates) * hidden, (batch, hidden)
    vectors = [(hidden if name.endswith("_c") else rows,) for name in _VECTORS]
    shapes = [layer.x.shape, (rows, inputs), (rows, hidden), *vectors, state, state]
    for name, tensor, shape in zip(TENSORS, layer, shapes, strict=False):
        _check(name, tensor, shape)
    contiguous: dict[str, Any] = {
        name: tensor.contiguous()
        for name, tensor in zip(TENSORS[1:], layer[1:], strict=False)
        if isinstance(tensor, Tensor)
    }
    lengths = checked_lengths(layer.lengths, batch, steps)
    return layer._replace(x=with_plain_rows(layer.x), lengths=lengths, **contiguous)


class Results(NamedTuple):
    """What the backward pass is given of the forward pass, and the gradients that come back."""

    output_TBH: Tensor
    saved_h: Tensor
    saved_x: Tensor
    saved_c: Tensor
    gradient_TBH: Tensor | None
    gradient_BH: Tensor | None
    gradient_c_BH: Tensor | None

    def prepared(self, layer: Layer) -> "Results":
        """The same for the results of a prepared layer that saved. Raises RuntimeError."""
        steps, batch, _, hidden = layer.sizes
        sequence, state = (steps, batch, hidden), (batch, hidden)
        shapes = [sequence, *layer.saved_shapes(save=True), sequence, state, state]
        for name, tensor, shape in zip(_RESULT_NAMES, self, shapes, strict=True):
            _check(name, tensor, shape)
        sequences = ("output_TBH", "gradient_TBH")
        laid_out = {
            name: with_plain_rows(tensor) if name in sequences else tensor.contiguous()
            for name, tensor in zip(self._fields, self, strict=True)
            if tensor is not None
        }
        return self._replace(**laid_out)


def _check(name: str, tensor: Any, shape: Sequence[int]) -> None:
    """Raise RuntimeError for a tensor of another shape or type; torch has looked at its device."""
    if tensor is not None and (tensor.shape != shape or tensor.dtype != torch.float32):
        raise RuntimeError(
            f"recurrent: {name}: found {tensor.dtype} {tuple(tensor.shape)}; "
            f"expected torch.float32 {tuple(shape)}"
        )


def checked_lengths(lengths_B: Tensor | None, batch: int, steps: int) -> Tensor | None:
    """The lengths as the kernel reads them. Raises RuntimeError where they do not fit."""
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
    return stored(shape)


def stored(shape: Sequence[int]) -> Tensor:
    """A float32 tensor from the kernel's store, which makes torch's."""
    if not IS_TORCH:
        return torch.empty(shape, dtype=torch.float32)
    tensor: Tensor = native.empty(shape)
    return tensor


def with_plain_rows(tensor: Tensor) -> Tensor:
    """The tensor itself where its last axis has stride 1, else a copy."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def new_problem(layer: Layer, output_TBH: Tensor, saved: Sequence[Tensor]) -> Any:
    """What forward and backward share: a prepared layer, its outputs and its saved products."""
    problem = native.Problem(layer.variant, layer.eps, layer.reverse, *layer.sizes)
    problem.parameters = parameters_of(native.Parameters(), layer)
    problem.x, problem.h0, problem.c0 = address(layer.x), address(layer.h), address(layer.c)
    problem.x_step, problem.x_row = strides(layer.x)
    problem.outputs = address(output_TBH)
    problem.out_step, problem.out_row = strides(output_TBH)
    problem.saved_h, problem.saved_x, problem.saved_c = map(address, saved)
    return problem


def parameters_of(to: Any, source: Any) -> Any:
    """The addresses of a layer's parameters, or of their gradients, that ``source`` has by name."""
    for name in PARAMETERS:
        setattr(to, name, address(getattr(source, name)))
    return to


def address(tensor: Tensor | None) -> int:
    """Where the numbers begin; 0 for none. Raises RuntimeError where their memory was given up."""
    if tensor is None or tensor.numel() == 0:
        return 0
    found: int = tensor.data_ptr()
    if found == 0:
        raise RuntimeError(
            f"recurrent: a tensor {tuple(tensor.shape)} has no memory; expected one whose storage "
            "was not freed"
        )
    return found


def strides(tensor: Tensor | None) -> tuple[int, int]:
    """Floats from step to step and from row to row."""
    return (0, 0) if tensor is None else (tensor.stride(0), tensor.stride(1))
