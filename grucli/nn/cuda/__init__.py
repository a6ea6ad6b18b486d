"""Normalised layers on a CUDA device, in kernels written in Triton, which comes with torch there.

``vectors`` is arithmetic on the vectors of a step, ``cells`` a step of each cell and its gradient,
``sequence`` the kernels over all steps, ``binding`` torch's doorway to them. Only ``binding`` and
what is below it import triton: it is imported when a layer is first run there.
"""

from functools import cache
from importlib.util import find_spec
from typing import Any

from grucli.nn.native.binding import requested_kernel
from grucli.nn.rules import CellRule, LayerWeights
from grucli.nn.transforms import is_drawn
from grucli.tensors import Tensor, torch

OLDEST = 80
"""The oldest device that Triton compiles for, as its compute capability without the dot."""


def supports(rule: CellRule, x_TBC: Tensor, weights: LayerWeights, *, kernel: str = "auto") -> bool:
    """Say whether these kernels run this layer: a normalised one, in float32 on a CUDA device.

    Neither ``kernel``, that of its module, nor the process may say torch; whatever draws a graph of
    operators would not see them.
    """
    return (
        x_TBC.is_cuda
        and x_TBC.dtype == weights.weight_ih.dtype == torch.float32
        and not torch.is_autocast_enabled("cuda")
        and not is_drawn()
        and kernel != "torch"
        and cuda_words(rule) == "triton"
    )


def cuda_words(rule: CellRule) -> str:
    """What layers of a rule in float32 run on there, unless their module says otherwise."""
    if not rule.norm.groups:
        return "cudnn"
    return "triton" if requested_kernel() != "torch" and can_compile() else "torch"


@cache
def can_compile() -> bool:
    """Say whether Triton is there, knows the device, and finds the C compiler that it needs."""
    if find_spec("triton") is None:
        return False
    from triton.runtime import driver

    try:
        target: Any = driver.active.get_current_target()
    except Exception:  # whatever stops it (no compiler, no headers, no driver), torch computes
        return False
    return bool(target.backend == "cuda" and target.arch >= OLDEST)
