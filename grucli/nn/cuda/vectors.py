"""Tuples of vectors, one for each gate: memory, arithmetic and layer normalisation, in Triton.

A vector has ``form.block`` units, a power of two; those from ``form.hidden`` on are zeros.
"""

import triton
import triton.language as tl


@triton.jit
def load(at, apart, units, form, COUNT: tl.constexpr):
    """``COUNT`` vectors that lie so far apart."""
    vectors = ()
    for g in tl.static_range(COUNT):
        vector = tl.load(at + g * apart + units, mask=units < form.hidden, other=0.0)
        vectors = vectors + (vector,)
    return vectors


@triton.jit
def store(at, apart, vectors, units, form):
    """Where ``load`` finds them."""
    for g in tl.static_range(len(vectors)):
        tl.store(at + g * apart + units, vectors[g], mask=units < form.hidden)


@triton.jit
def add(at, apart, vectors, units, form):
    """To what is there."""
    store(at, apart, plus(load(at, apart, units, form, len(vectors)), vectors), units, form)


@triton.jit
def zeros(like):
    """As many vectors of zeros."""
    result = ()
    for g in tl.static_range(len(like)):
        result = result + (tl.zeros_like(like[g]),)
    return result


@triton.jit
def plus(one, other):
    """The sum, vector by vector."""
    result = ()
    for g in tl.static_range(len(one)):
        result = result + (one[g] + other[g],)
    return result


@triton.jit
def times(one, other):
    """The product, vector by vector."""
    result = ()
    for g in tl.static_range(len(one)):
        result = result + (one[g] * other[g],)
    return result


@triton.jit
def affine(hats, vectors):
    """What a normalisation gives; ``vectors`` are its gains and its biases."""
    return plus(times(hats, vectors[0]), vectors[1])


@triton.jit
def tanh(a):
    """From the logistic function, which does not overflow."""
    return 2 * tl.sigmoid(2 * a) - 1


@triton.jit
def _add_two(a, b, a_other, b_other):
    return a + a_other, b + b_other


@triton.jit
def _add_three(a, b, c, a_other, b_other, c_other):
    return a + a_other, b + b_other, c + c_other


@triton.jit
def _add_four(a, b, c, d, a_other, b_other, c_other, d_other):
    return a + a_other, b + b_other, c + c_other, d + d_other


@triton.jit
def sums(parts):
    """The sum of each of up to four tensors along their first axis; threads wait only once."""
    if len(parts) == 1:
        result = (tl.sum(parts[0], axis=0),)
    elif len(parts) == 2:
        result = tl.reduce((parts[0], parts[1]), 0, _add_two)
    elif len(parts) == 3:
        result = tl.reduce((parts[0], parts[1], parts[2]), 0, _add_three)
    else:
        result = tl.reduce((parts[0], parts[1], parts[2], parts[3]), 0, _add_four)
    return result


@triton.jit
def normal(a, units, form):
    """What all vectors together are, less their mean, in standard deviations: (hats, scale).

    The scale is the reciprocal of the standard deviation.
    """
    total = a[0]
    for g in tl.static_range(1, len(a)):
        total += a[g]
    mean = tl.sum(total) / (len(a) * form.hidden)
    squares = tl.zeros_like(total)
    centred = ()
    for g in tl.static_range(len(a)):
        less = tl.where(units < form.hidden, a[g] - mean, 0.0)
        squares += less * less
        centred = centred + (less,)
    scale = tl.rsqrt(tl.sum(squares) / (len(a) * form.hidden) + form.eps)
    hats = ()
    for g in tl.static_range(len(a)):
        hats = hats + (centred[g] * scale,)
    return hats, scale


@triton.jit
def normal_back(dy, gain, hats, scale, units, form):
    """The gradient of what ``normal`` was given, from that of what gain and bias make of it."""
    dhats = times(dy, gain)
    total, along = dhats[0], dhats[0] * hats[0]
    for g in tl.static_range(1, len(hats)):
        total += dhats[g]
        along += dhats[g] * hats[g]
    mean, slope = sums((total, along))
    mean /= len(hats) * form.hidden
    slope /= len(hats) * form.hidden
    da = ()
    for g in tl.static_range(len(hats)):
        less = scale * (dhats[g] - mean - hats[g] * slope)
        da = da + (tl.where(units < form.hidden, less, 0.0),)
    return da
