"""One step of a gated recurrent unit, and its gradient, in Triton.

The equations stand in ``grucli.nn.cells.gru``, the words in ``grucli.nn.cuda.cells``.
"""

import triton
import triton.language as tl

from grucli.nn.cuda.vectors import affine, normal, normal_back, plus, tanh, times


@triton.jit
def _gates_of_sums(x, a, vectors, units, form):
    """Variant sum: (r, z, n), hats, the scale of each gate, and what r scales."""
    gain, bias = vectors
    hats_r, scale_r = normal((x[0] + a[0],), units, form)
    hats_z, scale_z = normal((x[1] + a[1],), units, form)
    r = tl.sigmoid(hats_r[0] * gain[0] + bias[0])
    z = tl.sigmoid(hats_z[0] * gain[1] + bias[1])
    hats_n, scale_n = normal((x[2] + r * a[2],), units, form)
    n = tanh(hats_n[0] * gain[2] + bias[2])
    return (r, z, n), hats_r + hats_z + hats_n, (scale_r, scale_z, scale_n), a[2]


@triton.jit
def _gates(x, a, vectors, units, form):
    """(r, z, n), hats, the scale of each gate, and what r scales."""
    if form.norm == "sum":
        gates, hats, scales, scaled = _gates_of_sums(x, a, vectors, units, form)
    elif form.norm == "sum_joint":
        hats, scale = normal(plus(x, a), units, form)
        scales = (scale, scale, scale)
        c = affine(hats, vectors)
        r, scaled = tl.sigmoid(c[0]), c[2]
        gates = (r, tl.sigmoid(c[1]), tanh(r * scaled))
    else:
        if form.norm == "ba2016":
            hats_rz, scale_rz = normal((a[0], a[1]), units, form)
            hats_n, scale_n = normal((a[2],), units, form)
            hats, scales = hats_rz + hats_n, (scale_rz, scale_rz, scale_n)
        else:
            hats, scale = normal(a, units, form)
            scales = (scale, scale, scale)
        q = affine(hats, vectors)
        r, scaled = tl.sigmoid(x[0] + q[0]), q[2]
        gates = (r, tl.sigmoid(x[1] + q[1]), tanh(x[2] + r * scaled))
    return gates, hats, scales, scaled


@triton.jit
def before(x, a, vectors, h, dh, units, form):
    """dx, da, dy, hats, and how much of dh reaches h past the gates."""
    gates, hats, scales, scaled = _gates(x, a, vectors, units, form)
    gain, _ = vectors
    r, z, n = gates
    direct = dh * z
    p_n = (dh - direct) * (1 - n * n)
    p_z = dh * (h - n) * z * (1 - z)
    if form.norm == "sum":
        ds_n = normal_back((p_n,), (gain[2],), (hats[2],), scales[2], units, form)
        p_r = ds_n[0] * scaled * r * (1 - r)
        ds_r = normal_back((p_r,), (gain[0],), (hats[0],), scales[0], units, form)
        ds_z = normal_back((p_z,), (gain[1],), (hats[1],), scales[1], units, form)
        dx, da = ds_r + ds_z + ds_n, ds_r + ds_z + times(ds_n, (r,))
        dy = (p_r, p_z, p_n)
    else:
        p_r = p_n * scaled * r * (1 - r)
        dy = (p_r, p_z, p_n * r)
        if form.norm == "ba2016":
            gain_rz, hats_rz = (gain[0], gain[1]), (hats[0], hats[1])
            da_rz = normal_back((p_r, p_z), gain_rz, hats_rz, scales[0], units, form)
            da_n = normal_back((dy[2],), (gain[2],), (hats[2],), scales[2], units, form)
            da = da_rz + da_n
        else:
            da = normal_back(dy, gain, hats, scales[0], units, form)
        dx = da if form.norm == "sum_joint" else (p_r, p_z, p_n)
    return dx, da, dy, hats, direct


@triton.jit
def after(x, a, vectors, h, units, form):
    """The next h."""
    gates, _, _, _ = _gates(x, a, vectors, units, form)
    _, z, n = gates
    return n + z * (h - n)
