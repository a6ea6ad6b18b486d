"""Where the numbers are computed: the device and the threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from grucli.errors import UsageError
from grucli.nn import available, choose_kernel, chosen_kernel, kernel_words, precision_problem
from grucli.tensors import torch
from grucli.text import plural

Threads = int | Literal["auto"] | None
"""So many; the measured best; or None for whatever torch is set to."""


def choose_device(name: str, *, processes: int = 1) -> str:
    """``auto`` is cuda where there is one for each of the processes on this machine, otherwise cpu.

    Raises UsageError for a cuda that is not there, or not for all.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cuda" and found == 0:
        raise UsageError("--device cuda: this torch sees no CUDA device; use --device cpu or auto")
    if name == "cuda" and found < processes:
        raise UsageError(
            f"--device cuda: found {plural(found, 'CUDA device')} for {processes} processes; "
            "expected one for each; use --device cpu or fewer processes"
        )
    if name == "auto":
        return "cuda" if found >= processes else "cpu"
    return name


def use_kernel(name: str) -> None:
    """Compute with the ``native`` or the ``torch`` kernel; ``auto`` is native where there is one.

    The environment variable GRUCLI_KERNEL has the last word. Raises UsageError where it names no
    kernel, or native is asked for and not installed.
    """
    try:
        choose_kernel(name)
        chosen_kernel()
    except (ValueError, RuntimeError) as error:
        raise UsageError(str(error)) from error


def check_precision(precision: str, device: str) -> None:
    """Raise UsageError where a device cannot train with products in a precision."""
    problem = precision_problem(precision)
    if precision != "float32" and device != "cpu":
        problem = f"it is the compiled kernel's, and the device is {device}; use --device cpu"
    if problem:
        raise UsageError(
            f"model.precision: found {precision}; {problem}; expected model.precision float32"
        )


def environment() -> dict[str, str]:
    """What the numbers come from, as name and value."""
    native = "" if available() else " (the native kernel is not installed: it was not compiled)"
    return {
        "kernel": kernel_words() + native,
        "threads": str(torch.get_num_threads()),
        "torch": str(torch.__version__),
        "device": choose_device("auto"),
    }


def set_threads(threads: int | None) -> None:
    """Let torch use this many threads; None leaves its own choice, the number of cores."""
    if threads is not None:
        torch.set_num_threads(threads)


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """Have a CUDA device compute the same bytes again inside the block, as a CPU does anyway, and
    in float32: cuDNN rounds factors to TensorFloat-32 otherwise.

    Torch warns of what it can only compute otherwise; cuBLAS reads the variable as it starts. What
    is not written yet stays as it is: to fill it first costs a call for every new tensor.
    """
    if device != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    settings: Any = torch.utils.deterministic
    layers: Any = torch.backends.cudnn.rnn
    before, fills = torch.get_deterministic_debug_mode(), settings.fill_uninitialized_memory
    precision = layers.fp32_precision
    torch.set_deterministic_debug_mode("warn")
    settings.fill_uninitialized_memory, layers.fp32_precision = False, "ieee"
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
        settings.fill_uninitialized_memory, layers.fp32_precision = fills, precision


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take numbers below 1e-38 as zero inside the block, then restore what was set before.

    Gates that shut make such numbers, and some processors compute with them a hundred times slower.
    """
    before = bool(torch.tensor(1e-310, dtype=torch.float64) * 0.5 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
