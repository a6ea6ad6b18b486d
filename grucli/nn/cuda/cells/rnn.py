"""One step of a plain recurrent network, and its gradient, in Triton.

The equations stand in ``grucli.nn.cells.rnn``, the words in ``grucli.nn.cuda.cells``.
"""

import triton
import triton.language as tl

from grucli.nn.cuda.vectors import affine, normal, normal_back, plus, tanh


@triton.jit
def after(x, a, vectors, units, form):
    """The next h, hats, and their scale."""
    if form.norm == "sum" or form.norm == "sum_joint":
        hats, scale = normal(plus(x, a), units, form)
        s = affine(hats, vectors)[0]
    else:
        hats, scale = normal(a, units, form)
        s = x[0] + affine(hats, vectors)[0]
    h = tl.maximum(s, 0.0) if form.activation == "relu" else tanh(s)
    return h, hats, scale


@triton.jit
def before(x, a, vectors, dh, units, form):
    """dx, da, dy and hats."""
    h, hats, scale = after(x, a, vectors, units, form)
    dy = (tl.where(h > 0, dh, 0.0) if form.activation == "relu" else dh * (1 - h * h),)
    da = normal_back(dy, vectors[0], hats, scale, units, form)
    dx = da if form.norm == "sum" or form.norm == "sum_joint" else dy
    return dx, da, dy, hats
