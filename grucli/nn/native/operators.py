"""The torch operators ``grucli::recurrent_forward`` and ``grucli::recurrent_backward``.

Each takes all of a layer, from its inputs to its outputs, so that no array of the whole sequence is
written that the backward pass does not need. They have fake implementations and autograd, so that
torch.compile and torch.export see through them.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from typing import Any

import torch
from torch import Tensor

from grucli.nn.native import direct
from grucli.nn.native.forward import forward
from grucli.nn.native.problem import (
    TENSORS,
    VARIANTS,
    Layer,
    Results,
    address,
    native,
    new_problem,
    parameters_of,
    prepared,
    strides,
    unfilled,
)
from grucli.nn.transforms import check_backward, is_transformed

_LAYER = (
    "Tensor x, Tensor weight_ih, Tensor weight_hh, Tensor? gain_x, Tensor? gain_h, Tensor? bias_x, "
    "Tensor? bias_h, Tensor? gain_c, Tensor? bias_c, Tensor? h, Tensor? c, Tensor? lengths, "
    "str cell, str activation, str layer_norm, str precision, float eps, bool reverse"
)
_COUNT = len(Layer._fields)
_KEPT = len(TENSORS) + 1  # the lengths too
_SAVED = "Tensor saved_h, Tensor saved_x, Tensor saved_c"
_LIBRARY: Any = torch.library.Library("grucli", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    f"recurrent_forward({_LAYER}, bool save) -> (Tensor outputs, Tensor h_n, Tensor c_n, {_SAVED})"
)
_LIBRARY.define(
    f"recurrent_backward({_LAYER}, Tensor outputs, {_SAVED}, Tensor? gradient_outputs, "
    "Tensor? gradient_h_n, Tensor? gradient_c_n, bool needs_x) -> Tensor[]"
)
FORWARD = torch.ops.grucli.recurrent_forward.default
"""The operator that runs a layer, with the arguments of ``_LAYER`` and whether to save."""
_BACKWARD = torch.ops.grucli.recurrent_backward.default
_REMEDY = 'make the module with kernel="torch" or set GRUCLI_KERNEL=torch'


def _forward_fake(*arguments: Any) -> tuple[Tensor, ...]:
    layer, save = _together(arguments[:-1]), arguments[-1]
    steps, batch, _, hidden = layer.sizes
    states = [(batch, hidden), (batch if layer.variant.has_cell_state else 0, hidden)]
    shapes = [(steps, batch, hidden), *states, *layer.saved_shapes(save=save)]
    return tuple(layer.x.new_empty(shape) for shape in shapes)


def _together(arguments: Any) -> Layer:
    """A layer without numbers. Raises RuntimeError where some of its tensors have some: torch asks
    for what the meta device makes of it as soon as one is there.
    """
    layer = Layer(*arguments)
    tensors: dict[str, Any] = dict(zip(TENSORS, layer, strict=False))
    for name, tensor in tensors.items():
        if type(tensor) in direct.KINDS and not tensor.is_meta:
            raise RuntimeError(
                f"recurrent: {name} is on {tensor.device}, others on meta, without numbers; "
                "expected all on one device"
            )
    return layer


def _backward(*arguments: Any) -> list[Tensor]:
    """Gradients of the float32 tensors of the layer; empty where there is none."""
    layer = prepared(Layer(*arguments[:_COUNT]))
    given, needs_x = Results(*arguments[_COUNT:-1]).prepared(layer), arguments[-1]
    results = [unfilled(shape) for shape in _gradient_shapes(layer, needs_x)]
    found: dict[str, Any] = dict(zip(TENSORS, results, strict=True))
    named = layer._replace(**found)
    if needs_x and layer.lengths is not None:
        named.x.zero_()
    gradient = native.Gradient()
    gradient.parameters = parameters_of(native.ParameterGradients(), named)
    gradient.x, gradient.h0, gradient.c0 = address(named.x), address(named.h), address(named.c)
    gradient.x_step, gradient.x_row = strides(named.x if needs_x else None)
    gradient.outputs = address(given.gradient_TBH)
    gradient.out_step, gradient.out_row = strides(given.gradient_TBH)
    gradient.h_n, gradient.c_n = address(given.gradient_BH), address(given.gradient_c_BH)
    problem = new_problem(layer, given.output_TBH, given[1:4])
    native.backward(problem, gradient, address(layer.lengths), torch.get_num_threads())
    return results


def _gradient_shapes(layer: Layer, needs_x: bool) -> list[Any]:
    wanted: list[Any] = [layer.x if needs_x else None, *layer[1 : len(TENSORS)]]
    return [(0,) if t is None else t.shape for t in wanted]


def _backward_fake(*arguments: Any) -> list[Tensor]:
    layer, needs_x = Layer(*arguments[:_COUNT]), arguments[-1]
    return [layer.x.new_empty(shape) for shape in _gradient_shapes(layer, needs_x)]


class _Differentiable(torch.autograd.Function):
    """The forward operator and its gradient.

    ``torch.library.register_autograd`` would make one too, which looks up the defaults of all
    arguments at every call: that takes as long as the cells of a small layer.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, ...]:
        results = _below_autograd(*arguments)
        state = _remember(ctx, arguments, results)
        ctx.mark_non_differentiable(*results[1 + state :])
        return results

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        check_backward("the native kernel", _REMEDY)
        tensors = _unchanged(ctx)
        layer, results = (*tensors[:_KEPT], *ctx.rule), (*tensors[_KEPT:], *(*gradients, None)[:3])
        whole = (*layer, *results, ctx.needs_input_grad[0])
        found = direct.backward(whole) or _BACKWARD(*whole)
        needs = ctx.needs_input_grad[: len(TENSORS)]
        wanted = [result if needed else None for result, needed in zip(found, needs, strict=True)]
        return (*wanted, *[None] * (_COUNT + 1 - len(TENSORS)))


class _Direct(_Differentiable):
    """The same past torch's dispatcher; what only the backward pass reads is not handed out."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, ...]:
        results: Any = direct.forward(arguments) or _below_autograd(*arguments)
        kept: tuple[Tensor, ...] = results[: 1 + _remember(ctx, arguments, results)]
        return kept


def _remember(ctx: Any, arguments: Any, results: tuple[Tensor | None, ...]) -> int:
    """Put into ``ctx`` what the backward pass reads; returns how many parts the state has."""
    if not arguments[-1]:
        raise RuntimeError("recurrent_forward: a gradient is asked for, but save is False")
    output_TBH, _, _, *saved = results
    ctx.save_for_backward(*arguments[:_KEPT], output_TBH, *saved)
    ctx.set_materialize_grads(False)
    ctx.rule = arguments[_KEPT:_COUNT]
    return 2 if VARIANTS[ctx.rule[:4]].has_cell_state else 1


def _unchanged(ctx: Any) -> tuple[Tensor | None, ...]:
    """The tensors that were kept. Raises RuntimeError where one was changed in place since."""
    try:
        kept: tuple[Tensor | None, ...] = ctx.saved_tensors
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        raise RuntimeError(
            "recurrent: inputs, parameters or outputs were changed in place before the backward "
            f"pass, which reads them; clone what is changed (out = out.clone()) or {_REMEDY}"
        ) from error
    return kept


# Without what torch does for functions under its transforms, which are none of these.
_apply: Any = super(torch.autograd.Function, _Direct).apply


def _not_batched(*_: Any) -> list[Tensor]:
    raise RuntimeError(
        "recurrent: the native kernel has no batched gradients (vectorize, is_grads_batched); "
        f"leave the option out or {_REMEDY}"
    )


def _below_autograd(*arguments: Any) -> tuple[Tensor, ...]:
    with torch._C._AutoDispatchBelowAutograd():
        output: tuple[Tensor, ...] = FORWARD(*arguments)
    return output


def _with_autograd(*arguments: Any) -> tuple[Tensor, ...]:
    """The forward operator as autograd sees it, a step of the graph where a gradient is needed."""
    if is_transformed():  # not by a layer, but by a graph that was exported with the operator
        raise RuntimeError(
            "recurrent_forward: the native kernel knows neither torch.func nor forward-mode "
            f"gradients; {_REMEDY}"
        )
    needed = any(isinstance(t, Tensor) and t.requires_grad for t in arguments[: len(TENSORS)])
    if not (needed and torch.is_grad_enabled()):
        return _below_autograd(*arguments)
    output: tuple[Tensor, ...] = _Differentiable.apply(*arguments)  # type: ignore[no-untyped-call]
    return output


def run(*arguments: Any) -> tuple[Tensor, ...]:
    """Outputs and final state, past torch's dispatcher where only the kernel sees the tensors.

    What may stand behind them is of no use to a caller.
    """
    if not direct.is_plain(arguments[: len(TENSORS)]):
        results: Any = FORWARD(*arguments)
    elif arguments[-1]:
        results = _apply(*arguments)
    else:
        results = direct.forward(arguments) or FORWARD(*arguments)
    return results  # type: ignore[no-any-return]


_LIBRARY.impl("recurrent_forward", forward, "CPU")
_LIBRARY.impl("recurrent_forward", _with_autograd, "Autograd")
_LIBRARY.impl("recurrent_backward", _backward, "CPU")
_LIBRARY.impl("recurrent_backward", _not_batched, "Batched")
torch.library.register_fake(FORWARD, _forward_fake, lib=_LIBRARY)
torch.library.register_fake(_BACKWARD, _backward_fake, lib=_LIBRARY)
