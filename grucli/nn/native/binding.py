"""The compiled kernel: which one runs, and the doorway of torch to it.

A layer whose cell and layer normalisation the kernel knows runs in C++ (folder ``native``) in
float32 on the CPU, through the torch operators of ``operators.py``; everything else runs in
torch, and so does whatever is differentiated forwards or transformed by torch.func.

Suffixes: T time, B batch, C inputs, H hidden.
"""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from grucli.nn.arguments import check_choice
from grucli.nn.native.forward import forward
from grucli.nn.native.problem import knows, native, rule_words
from grucli.nn.rules import CellRule, LayerState, LayerWeights
from grucli.nn.transforms import is_autocast, is_compiling, is_drawn_for_onnx, is_transformed
from grucli.tensors import IS_TORCH, Tensor, torch

VARIABLE = "GRUCLI_KERNEL"
KERNELS = ("auto", "native", "torch")
PRECISIONS = ("float32", "bfloat16")
_NOT_INSTALLED = (
    "the native kernel is not installed; it could not be compiled when grucli was installed; "
    "see that there is a C++ compiler and run pip install --force-reinstall grucli"
)

_FORWARD: Any = import_module("grucli.nn.native.operators").run if IS_TORCH else forward

_requested = "auto"


def available() -> bool:
    """Say whether the compiled kernel is installed."""
    return native is not None


def choose_kernel(name: str) -> None:
    """Force ``native`` or ``torch`` for this process; ``auto`` takes native where it can.

    The environment variable GRUCLI_KERNEL has the last word. Raises ValueError for another name.
    """
    global _requested  # noqa: PLW0603 (a process has one kernel, as it has one thread count)
    _requested = _checked_name("kernel", name)


def chosen_kernel(read: Callable[[str], str | None] = os.environ.get) -> str:
    """``native`` or ``torch``: what float32 on the CPU runs on; ``read`` looks up a variable.

    Raises ValueError for an unknown name in GRUCLI_KERNEL, RuntimeError when native is asked for
    but not installed.
    """
    name = requested_kernel(read)
    if name == "native" and native is None:
        raise RuntimeError(f"{VARIABLE}: {_NOT_INSTALLED}")
    return "native" if name != "torch" and native is not None else "torch"


def requested_kernel(read: Callable[[str], str | None] = os.environ.get) -> str:
    """What this process asks for: auto, native or torch. Raises ValueError as ``chosen_kernel``."""
    forced = read(VARIABLE)
    return _requested if forced is None else _checked_name(VARIABLE, forced)


def kernel_words(precision: str = "float32") -> str:
    """The kernel that runs on the CPU, with its instruction set for products in ``precision``.

    Without it, what computes in its place.
    """
    if chosen_kernel() != "native":
        return "torch" if IS_TORCH else "numpy"
    return f"native {native.instruction_set(native.Precision[precision])}"


def precision_problem(precision: str) -> str | None:
    """Why this process cannot form products in a precision; None where it can."""
    if precision == "float32":
        return None
    if native is None:
        return _NOT_INSTALLED
    if chosen_kernel() != "native":
        return f"the kernel is torch, and {precision} is the compiled kernel's"
    if not native.instruction_sets(native.Precision[precision]):
        return f"this processor has no instructions for {precision} (AVX512-BF16, AMX)"
    return None


def limit_threads(most: int) -> None:
    """Let at most ``most`` threads compute native layers at once, in this process; 0 is no limit.

    Sums stay parted by torch's number of threads: no byte depends on the limit.
    """
    if native is not None:
        native.limit_threads(most)


def check_kernel(name: str) -> None:
    """Raise ValueError for a kernel of another name, RuntimeError for one not installed."""
    if _checked_name("kernel", name) == "native" and native is None:
        raise RuntimeError(f"kernel: {_NOT_INSTALLED}")


def check_precision(rule: CellRule, *, kernel: str) -> None:
    """Raise ValueError for a precision that a layer has not, RuntimeError where there is none."""
    check_choice("precision", rule.precision, PRECISIONS)
    if rule.precision == "float32":
        return
    if problem := precision_problem(rule.precision):
        raise RuntimeError(f"precision: found {rule.precision}; {problem}; expected float32")
    if kernel == "torch" or not knows(rule):
        other = "kernel torch" if kernel == "torch" else "this cell, or no norm_bias"
        raise ValueError(
            f"precision: found {rule.precision}, which is the compiled kernel's, with {other}; "
            "expected float32"
        )


def supports(rule: CellRule, x_TBC: Tensor, weights: LayerWeights, *, kernel: str = "auto") -> bool:
    """Say whether the native kernel runs this layer: one it knows, in float32 on the CPU.

    Neither ``kernel``, that of its module, nor the process may say torch.
    """
    return (
        knows(rule)
        and x_TBC.is_cpu
        and x_TBC.dtype == weights.weight_ih.dtype == torch.float32
        and not is_autocast()
        and not is_transformed()
        and not is_drawn_for_onnx()
        and kernel != "torch"
        and chosen_kernel(os.environ.get if is_compiling() else native.environment) == "native"
        and (IS_TORCH or not torch.is_grad_enabled())  # its backward pass is torch's to call
    )


def operands(weights: LayerWeights) -> tuple[Any, ...]:
    """The parameters in the kernel's order; gain and bias of a sum take the place of the input's.

    What stands in the fields may be the tensors or anything that is known of them.
    """
    return (
        weights.weight_ih,
        weights.weight_hh,
        weights.gain_ih if weights.gain_sum is None else weights.gain_sum,
        weights.gain_hh,
        weights.bias_ih if weights.bias_sum is None else weights.bias_sum,
        weights.bias_hh,
        weights.gain_state,
        weights.bias_state,
    )


def run_layer_native(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState | None,
    *,
    reverse: bool = False,
    lengths_B: Tensor | None = None,
) -> tuple[Tensor, LayerState]:
    """Run a layer over a sequence; returns its outputs [T, B, H] and its final state.

    x_TBC may be any view whose last stride is 1, such as the transpose of a batch-first tensor.
    ``reverse`` starts at the last step; outputs stay in the order of the input. ``lengths_B``
    (integers on the CPU, 1 to T) ends every row on its own: later steps cost nothing, leave the
    state as it is, and their outputs are zero. A ``state`` of None is one of zeros. Same forward
    bytes for any number of threads.
    """
    _expect_pass(x_TBC, weights)
    h_BH, c_BH = (None, None) if state is None else (*state, None)[:2]
    tensors = (x_TBC, *operands(weights), h_BH, c_BH)
    save = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
    output_TBH, *final = _FORWARD(*tensors, lengths_B, *rule_words(rule), rule.eps, reverse, save)
    return output_TBH, tuple(final[: len(rule.spec.state)])


def _expect_pass(x_TBC: Tensor, weights: LayerWeights) -> None:
    """Let the threads of the kernel that this pass is worth wake up while torch is told of it."""
    if is_compiling() or weights.weight_hh is None:
        return
    numbers = weights.weight_ih.numel() + weights.weight_hh.numel()
    native.expect_pass(x_TBC.shape[0], x_TBC.shape[1], numbers, torch.get_num_threads())


def _checked_name(where: str, name: str) -> str:
    if name not in KERNELS:
        raise ValueError(f"{where}: {name!r} is unknown; expected one of {', '.join(KERNELS)}")
    return name
