"""What grucli uses of torch where a model is only read, on numpy arrays.

The module itself stands in the place of ``torch``; names, arguments and results are torch's, types
too. Gradients there are of what was computed (``autograd.grad``), for those who look at a model;
what is not there is what only training asks for.
"""

# ruff: noqa: F401 (these names are for whoever takes the module as torch)

from grucli.tensors.lean import functional, nn, packing, ways_back
from grucli.tensors.lean.drawing import Generator, randn
from grucli.tensors.lean.functions import (
    add,
    addcmul,
    arange,
    argsort,
    as_tensor,
    cat,
    einsum,
    empty,
    empty_like,
    eye,
    from_numpy,
    full_like,
    isfinite,
    lerp,
    linspace,
    maximum,
    minimum,
    ones_like,
    searchsorted,
    split,
    squeeze,
    stack,
    tensor,
    var_mean,
    where,
    zeros,
    zeros_like,
)
from grucli.tensors.lean.numbers import bool_, float32, float64, int8, int16, int32, int64, uint8
from grucli.tensors.lean.settings import (
    autograd,
    compiler,
    cuda,
    get_autocast_dtype,
    get_num_threads,
    inference_mode,
    is_autocast_enabled,
    linalg,
    onnx,
    set_num_threads,
)
from grucli.tensors.lean.special import (
    acosh,
    asinh,
    ceil,
    cosh,
    digamma,
    erf,
    exp,
    expm1,
    floor,
    lgamma,
    log,
    log1p,
    relu,
    sigmoid,
    sinh,
    tanh,
    xlogy,
)
from grucli.tensors.lean.steps import enable_grad, is_grad_enabled, no_grad
from grucli.tensors.lean.tensor import Device, Tensor

device, long, bool, dtype = Device, int64, bool_, type(float32)  # noqa: A001 (torch's name)
inf, nan = float("inf"), float("nan")
__version__ = "not installed"
