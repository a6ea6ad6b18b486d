"""One step of a long short-term memory, and its gradient, in Triton.

The equations stand in ``grucli.nn.cells.lstm``, the words in ``grucli.nn.cuda.cells``.
"""

import triton
import triton.language as tl

from grucli.nn.cuda.vectors import affine, normal, normal_back, plus, tanh


@triton.jit
def _values(x, a, vectors, of_state, c, units, form):
    """(i, f, g, o), hats and scale, c before its normalisation, its hats and scale, c after it."""
    hats, scale = normal(a, units, form)
    s = plus(x, affine(hats, vectors))
    i, f, g, o = tl.sigmoid(s[0]), tl.sigmoid(s[1]), tanh(s[2]), tl.sigmoid(s[3])
    inner = f * c + i * g
    c_hats, c_scale = normal((inner,), units, form)
    return (i, f, g, o), hats, scale, inner, c_hats, c_scale, affine(c_hats, of_state)[0]


@triton.jit
def before(x, a, vectors, of_state, c, dstate, units, form):
    """Gives dx (which is dy), da, hats, the gradient of c, dy and hats of its normalisation."""
    found = _values(x, a, vectors, of_state, c, units, form)
    gates, hats, scale, _, c_hats, c_scale, shown = found
    i, f, g, o = gates
    dh, dc = dstate
    t = tanh(shown)
    d_shown = dh * o * (1 - t * t)
    if form.norm == "split_state":
        d_shown += dc
    d_inner = normal_back((d_shown,), of_state[0], c_hats, c_scale, units, form)[0]
    if form.norm != "split_state":
        d_inner += dc
    d_i, d_f = d_inner * g * i * (1 - i), d_inner * c * f * (1 - f)
    d_g, d_o = d_inner * i * (1 - g * g), dh * t * o * (1 - o)
    dy = (d_i, d_f, d_g, d_o)
    da = normal_back(dy, vectors[0], hats, scale, units, form)
    return dy, da, hats, d_inner * f, (d_shown,), c_hats


@triton.jit
def after(x, a, vectors, of_state, c, units, form):
    """The next h and c."""
    gates, _, _, inner, _, _, shown = _values(x, a, vectors, of_state, c, units, form)
    _, _, _, o = gates
    return o * tanh(shown), shown if form.norm == "split_state" else inner
