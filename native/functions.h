// Sigmoid and tanh for any vector type, within 2 units in the last place.
#pragma once

#include "product.h"

namespace grucli {

// e^x = scale (1 + p), kept apart so that e^x - 1 has its relative accuracy near zero too.
template <class V>
struct Exponential {
    V scale, p;
};

// For |x| <= 87: x = n ln 2 + f, scale = 2^n, p = e^f - 1. ln 2 is split in two so that n ln 2 is
// exact; the polynomial interpolates (e^f - 1 - f) / f^2 at the Chebyshev nodes of |f| <= ln 2 / 2,
// and is summed in pairs, which is the shortest chain of dependent operations.
template <class V>
GRUCLI_INLINE Exponential<V> exponential(V x) {
    const V shift = V::set(12582912.0f);  // 1.5 * 2^23: what is added to it is rounded to a whole number
    const V shifted = fma(x, V::set(1.44269504f), shift), n = shifted - shift;
    const V f = nfma(n, V::set(-2.12194440e-4f), nfma(n, V::set(0.693359375f), x));
    const V square = f * f;
    const V low = fma(f, V::set(0.1666657626f), V::set(0.5f));
    const V middle = fma(f, V::set(0.0083632031f), V::set(0.0416665561f));
    const V high = fma(square, V::set(0.0013926213f), middle);
    return {power_of_two(shifted), fma(fma(high, square, low), square, f)};
}

template <class V>
GRUCLI_INLINE V sigmoid(V x) {
    const V negative = maximum(V::set(-87.0f), minimum(V::set(87.0f), V::zero() - x));
    const Exponential<V> e = exponential(negative);
    return reciprocal(fma(e.scale, e.p, e.scale + V::set(1.0f)));
}

// Beyond 10 the nearest float is 1.
template <class V>
GRUCLI_INLINE V tanh(V x) {
    const V bounded = minimum(V::set(10.0f), maximum(V::set(-10.0f), x));
    const Exponential<V> e = exponential(bounded + bounded);
    const V above = reciprocal(fma(e.scale, e.p, e.scale + V::set(1.0f)));
    return fma(e.scale, e.p, e.scale - V::set(1.0f)) * above;
}

}  // namespace grucli
