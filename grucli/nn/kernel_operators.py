"""The torch operators ``grucli::recurrent_forward`` and ``grucli::recurrent_backward``.

Each takes all of a layer, from its inputs to its outputs, so that no array of the whole sequence is
written that the backward pass does not need. They have fake implementations and autograd, so that
torch.compile and torch.export see through them. The compiled module gets bare addresses, which is
why every tensor is checked here first.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grucli.gates import GATES


def _import_native() -> Any:
    """The compiled module; None where grucli was installed without a compiler."""
    try:
        return import_module("grucli.nn._native")
    except ImportError:
        return None


native: Any = _import_native()

CELLS = ("gru", "rnn")
"""Cells in the order of enum Cell in native/problem.h; the others stay with torch."""

LAYER_NORMS = ("none", "split", "ba2016", "sum", "sum_joint")
"""Variants in the order of enum Norm."""

_PAD = 16  # kPad
_STORED = 1 << 14  # so many floats and more come from the store
_RECOMPUTED_INPUTS = 32  # up to so many columns, x W is cheaper to compute again than to keep


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
        return len(GATES[self.cell]) * -(-self.sizes[3] // _PAD) * _PAD


_LAYER = (
    "Tensor x, Tensor weight_ih, Tensor weight_hh, Tensor? gain_x, Tensor? gain_h, Tensor? bias_x, "
    "Tensor? bias_h, Tensor h, Tensor? lengths, str cell, str layer_norm, float eps, bool reverse"
)
_LIBRARY: Any = torch.library.Library("grucli", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    f"recurrent_forward({_LAYER}, bool save) -> "
    "(Tensor outputs, Tensor h_n, Tensor saved_h, Tensor saved_x)"
)
_LIBRARY.define(
    f"recurrent_backward({_LAYER}, Tensor outputs, Tensor saved_h, Tensor saved_x, "
    "Tensor? gradient_outputs, Tensor? gradient_h_n, bool needs_x) -> Tensor[]"
)
_FORWARD = torch.ops.grucli.recurrent_forward.default
_BACKWARD = torch.ops.grucli.recurrent_backward.default


def _forward(*arguments: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Outputs, final state, and with ``save`` the raw products that the backward pass reads."""
    layer, save = _prepared(Layer(*arguments[:-1])), arguments[-1]
    steps, batch, inputs, hidden = layer.sizes
    output_TBH = native.empty((steps, batch, hidden))
    h_n_BH = torch.empty_like(layer.h_BH)
    saved = [
        native.empty((rows, batch, layer.saved_width)) for rows in _saved_steps(steps, inputs, save)
    ]
    problem = _problem(layer, output_TBH, h_n_BH, saved)
    native.forward(problem, _address(layer.lengths_B), torch.get_num_threads())
    return output_TBH, h_n_BH, saved[0], saved[1]


def _forward_fake(*arguments: Any) -> tuple[Tensor, ...]:
    layer, save = Layer(*arguments[:-1]), arguments[-1]
    steps, batch, inputs, hidden = layer.sizes
    shapes = [(steps, batch, hidden), (batch, hidden)]
    shapes += [(rows, batch, layer.saved_width) for rows in _saved_steps(steps, inputs, save)]
    return tuple(layer.x_TBC.new_empty(shape) for shape in shapes)


def _backward(*arguments: Any) -> list[Tensor]:
    """Gradients of the first eight tensors of the layer; empty where there is none."""
    layer = _prepared(Layer(*arguments[:13]))
    output_TBH, saved_h, saved_x, gradient_TBH, gradient_BH, needs_x = arguments[13:]
    gradient_TBH = None if gradient_TBH is None else _with_plain_rows(gradient_TBH)
    gradient_BH = None if gradient_BH is None else gradient_BH.contiguous()
    wanted = [layer.x_TBC if needs_x else None, *arguments[1:8]]
    results = [_unfilled((0,) if t is None else t.shape) for t in wanted]
    if needs_x and layer.lengths_B is not None:
        results[0].zero_()
    gradient = native.Gradient(
        [_address(t) for t in (gradient_TBH, gradient_BH, *results)],
        _strides(gradient_TBH),
        _strides(results[0] if needs_x else None),
    )
    problem = _problem(layer, output_TBH, layer.h_BH, [saved_h, saved_x])
    native.backward(problem, gradient, _address(layer.lengths_B), torch.get_num_threads())
    return results


def _backward_fake(*arguments: Any) -> list[Tensor]:
    layer, needs_x = Layer(*arguments[:13]), arguments[-1]
    wanted = [layer.x_TBC if needs_x else None, *arguments[1:8]]
    return [layer.x_TBC.new_empty((0,) if t is None else t.shape) for t in wanted]


class _Differentiable(torch.autograd.Function):
    """The forward operator and its gradient.

    ``torch.library.register_autograd`` would make one too, which looks up the defaults of all
    arguments at every call: that takes as long as the cells of a small layer.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, ...]:
        if not arguments[-1]:
            raise RuntimeError("recurrent_forward: a gradient is asked for, but save is False")
        output = _below_autograd(*arguments)
        output_TBH, _, saved_h, saved_x = output
        ctx.save_for_backward(*arguments[:9], output_TBH, saved_h, saved_x)
        ctx.mark_non_differentiable(saved_h, saved_x)
        ctx.set_materialize_grads(False)
        ctx.rule = arguments[9:13]
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():
            raise RuntimeError(
                "recurrent: the native kernel has no second derivatives (create_graph); set "
                "GRUCLI_KERNEL=torch"
            )
        tensors = ctx.saved_tensors
        results = _BACKWARD(
            *tensors[:9], *ctx.rule, *tensors[9:], *gradients[:2], ctx.needs_input_grad[0]
        )
        wanted = [
            result if needed else None
            for result, needed in zip(results, ctx.needs_input_grad[:8], strict=True)
        ]
        return (*wanted, *[None] * 6)


def _below_autograd(*arguments: Any) -> tuple[Tensor, ...]:
    with torch._C._AutoDispatchBelowAutograd():
        output: tuple[Tensor, ...] = _FORWARD(*arguments)
    return output


def _with_autograd(*arguments: Any) -> tuple[Tensor, ...]:
    """The forward operator as autograd sees it, a step of the graph where a gradient is needed."""
    needed = any(isinstance(t, Tensor) and t.requires_grad for t in arguments[:8])
    if not (needed and torch.is_grad_enabled()):
        return _below_autograd(*arguments)
    output: tuple[Tensor, ...] = _Differentiable.apply(*arguments)  # type: ignore[no-untyped-call]
    return output


_LIBRARY.impl("recurrent_forward", _forward, "CPU")
_LIBRARY.impl("recurrent_forward", _with_autograd, "Autograd")
_LIBRARY.impl("recurrent_backward", _backward, "CPU")
torch.library.register_fake(_FORWARD, _forward_fake, lib=_LIBRARY)
torch.library.register_fake(_BACKWARD, _backward_fake, lib=_LIBRARY)


def _saved_steps(steps: int, inputs: int, save: bool) -> tuple[int, int]:
    """Steps to keep of h U and of x W."""
    return (steps if save else 0, steps if save and inputs > _RECOMPUTED_INPUTS else 0)


def _prepared(layer: Layer) -> Layer:
    """Check what the kernel will trust, and lay out in rows what is not. Raises RuntimeError."""
    _, batch, inputs, hidden = layer.sizes
    rows = len(GATES[layer.cell]) * hidden
    shapes = [layer.x_TBC.shape, (rows, inputs), (rows, hidden), *[(rows,)] * 4, (batch, hidden)]
    for tensor, shape in zip(layer[:8], shapes, strict=True):
        if tensor is not None and (tensor.shape != shape or tensor.dtype != torch.float32):
            raise RuntimeError(
                f"recurrent: found {tensor.dtype} {tuple(tensor.shape)}; "
                f"expected torch.float32 {tuple(shape)}"
            )
    lengths_B = layer.lengths_B
    if lengths_B is not None:
        lengths_B = lengths_B.to(torch.int64).contiguous()
        steps = layer.x_TBC.shape[0]
        if lengths_B.shape != (batch,) or not bool(((lengths_B >= 0) & (lengths_B <= steps)).all()):
            raise RuntimeError(f"recurrent: lengths must be {batch} numbers from 0 to {steps}")
    contiguous: dict[str, Any] = {
        name: tensor.contiguous()
        for name, tensor in zip(Layer._fields[1:8], layer[1:8], strict=True)
        if isinstance(tensor, Tensor)
    }
    return layer._replace(x_TBC=_with_plain_rows(layer.x_TBC), lengths_B=lengths_B, **contiguous)


def _unfilled(shape: Sequence[int]) -> Tensor:
    """A float32 tensor: from the kernel's store, or where malloc keeps pages too, from torch."""
    if math.prod(shape) < _STORED:
        return torch.empty(shape, dtype=torch.float32)
    stored: Tensor = native.empty(shape)
    return stored


def _with_plain_rows(tensor: Tensor) -> Tensor:
    """The tensor itself where its last axis has stride 1, else a copy."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def _problem(layer: Layer, output_TBH: Tensor, h_n_BH: Tensor, saved: list[Tensor]) -> Any:
    return native.Problem(
        CELLS.index(layer.cell),
        LAYER_NORMS.index(layer.layer_norm),
        layer.eps,
        layer.reverse,
        layer.sizes,
        [_address(t) for t in (*layer[:8], output_TBH, h_n_BH, *saved)],
        _strides(layer.x_TBC),
        _strides(output_TBH),
    )


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None or tensor.numel() == 0 else tensor.data_ptr()


def _strides(tensor: Tensor | None) -> tuple[int, int]:
    """Floats from step to step and from row to row."""
    return (0, 0) if tensor is None else (tensor.stride(0), tensor.stride(1))
