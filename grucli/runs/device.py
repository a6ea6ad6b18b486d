"""Where the numbers are computed: the device and the threads."""

import torch

from grucli.errors import UsageError


def choose_device(name: str) -> str:
    """``auto`` is cuda where there is one, otherwise cpu. Raises UsageError for an absent cuda."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: this torch sees no CUDA device; use --device cpu or auto")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def set_threads(threads: int | None) -> None:
    """Let torch use this many threads; None leaves its own choice, the number of cores."""
    if threads is not None:
        torch.set_num_threads(threads)
