"""What torch does beside an ordinary forward and backward pass, and what is left to plain torch.

The compiled kernel and recomputation know one first derivative, going back. Layers therefore run
as plain torch under a transform of ``torch.func`` and in forward-mode differentiation, and a
backward pass that is asked for more than it has is an error: it would leave something out.

Torch promises none of its names that begin with an underscore; they stand here and nowhere else.
They are looked up once, because a step of a stream asks them all.
"""

from grucli.tensors import IS_TORCH, torch

is_compiling = torch.compiler.is_compiling

if IS_TORCH:
    from torch.autograd import forward_ad
    from torch.utils._python_dispatch import is_in_torch_dispatch_mode

    _are_functions_transformed = torch._C._are_functorch_transforms_active
    _is_any_autocast_enabled = torch._C._is_any_autocast_enabled
    _is_grad_enabled = torch.is_grad_enabled
    _is_profiled = torch._C._autograd._profiler_enabled
    _is_traced = torch._C._is_tracing


def is_transformed() -> bool:
    """Whether torch.func (grad, jvp, vmap, ...) or forward-mode differentiation is at work."""
    return IS_TORCH and (_are_functions_transformed() or forward_ad._current_level >= 0)


def is_autocast() -> bool:
    """Whether autocast is at work on the CPU; to name a device takes longer than to ask for any."""
    return IS_TORCH and _is_any_autocast_enabled() and torch.is_autocast_enabled("cpu")


def is_watched() -> bool:
    """Whether autograd, autocast, a transform or whatever records has to see the operators."""
    return IS_TORCH and (
        is_recorded() or _is_grad_enabled() or _is_any_autocast_enabled() or is_transformed()
    )


def is_drawn() -> bool:
    """Whether a compiler, a tracer or a dispatch mode makes something of the operators it sees."""
    return is_compiling() or _is_traced() or is_in_torch_dispatch_mode()


def is_recorded() -> bool:
    """Whether a compiler, a tracer, a profiler or a dispatch mode has to see the operators."""
    return is_drawn() or _is_profiled()


def is_drawn_for_onnx() -> bool:
    """Whether torch.onnx.export draws a graph. To ask torch is to import: tracers come first."""
    return IS_TORCH and (is_compiling() or _is_traced()) and torch.onnx.is_in_onnx_export()


def check_backward(where: str, remedy: str) -> None:
    """Raise RuntimeError in a backward pass that has to be more than one first derivative."""
    if torch.is_grad_enabled() and not is_compiling():
        wanted = "second derivatives (create_graph)"
    elif is_transformed():
        wanted = "batched or forward-mode gradients (torch.func, dual numbers)"
    else:
        return
    raise RuntimeError(f"recurrent: {where} has no {wanted}; {remedy}")
