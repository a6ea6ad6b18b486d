"""What torch does beside an ordinary forward and backward pass, and what is left to plain torch.

The compiled kernel and recomputation know one first derivative, going back. Layers therefore run
as plain torch under a transform of ``torch.func`` and in forward-mode differentiation, and a
backward pass that is asked for more than it has is an error: it would leave something out.
"""

from grucli.tensors import IS_TORCH, torch

if IS_TORCH:
    from torch.autograd import forward_ad
    from torch.utils._python_dispatch import is_in_torch_dispatch_mode


def is_transformed() -> bool:
    """Whether torch.func (grad, jvp, vmap and others) or forward-mode differentiation is at work.

    Torch promises neither of the two names; they stand here and nowhere else.
    """
    return IS_TORCH and (
        torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
    )


def is_watched() -> bool:
    """Whether autograd, autocast, a transform or whatever records has to see the operators."""
    return IS_TORCH and (
        torch.is_grad_enabled()
        or torch.is_autocast_enabled("cpu")
        or is_transformed()
        or is_recorded()
    )


def is_recorded() -> bool:
    """Whether a compiler, a tracer, a profiler or a dispatch mode has to see the operators."""
    return (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        or is_in_torch_dispatch_mode()
        or torch._C._autograd._profiler_enabled()
    )


def check_backward(where: str, remedy: str) -> None:
    """Raise RuntimeError in a backward pass that has to be more than one first derivative."""
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        wanted = "second derivatives (create_graph)"
    elif is_transformed():
        wanted = "batched or forward-mode gradients (torch.func, dual numbers)"
    else:
        return
    raise RuntimeError(f"recurrent: {where} has no {wanted}; {remedy}")
