// The same vector of units of several rows, computed side by side. One row's gates are a long chain of
// operations that wait for each other; meanwhile the processor works at other rows, if it finds them near
// enough in the program.
#pragma once

#include <type_traits>

#include "product.h"
#include "rows.h"

namespace grucli {

template <class V, int kRows>
struct Strip {
    V row[kRows];

    template <class Make>
    static GRUCLI_INLINE Strip of(Make make) {
        Strip strip;
        GRUCLI_UNROLL
        for (int i = 0; i < kRows; ++i) strip.row[i] = make(i);
        return strip;
    }
    static GRUCLI_INLINE Strip all(V value) {
        return of([&](int) { return value; });
    }
    static GRUCLI_INLINE Strip set(float scalar) { return all(V::set(scalar)); }
    static GRUCLI_INLINE Strip zero() { return all(V::zero()); }
    static GRUCLI_INLINE Strip load(const float* from, Index distance) {
        return of([&](int i) { return V::load(from + i * distance); });
    }
    GRUCLI_INLINE void store(float* to, Index distance) const {
        GRUCLI_UNROLL
        for (int i = 0; i < kRows; ++i) row[i].store(to + i * distance);
    }

    // The rows, added to what there was.
    GRUCLI_INLINE V sum_with(V sum) const {
        V rows = row[0];
        GRUCLI_UNROLL
        for (int i = 1; i < kRows; ++i) rows = rows + row[i];
        return sum + rows;
    }
    GRUCLI_INLINE V sum_of_products(const Strip& with, V sum) const {
        GRUCLI_UNROLL
        for (int i = 0; i < kRows; ++i) sum = fma(row[i], with.row[i], sum);
        return sum;
    }
};

template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> operator+(const Strip<V, kRows>& a, const Strip<V, kRows>& b) {
    return Strip<V, kRows>::of([&](int i) { return a.row[i] + b.row[i]; });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> operator-(const Strip<V, kRows>& a, const Strip<V, kRows>& b) {
    return Strip<V, kRows>::of([&](int i) { return a.row[i] - b.row[i]; });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> operator*(const Strip<V, kRows>& a, const Strip<V, kRows>& b) {
    return Strip<V, kRows>::of([&](int i) { return a.row[i] * b.row[i]; });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> fma(const Strip<V, kRows>& a, const Strip<V, kRows>& b, const Strip<V, kRows>& c) {
    return Strip<V, kRows>::of([&](int i) { return fma(a.row[i], b.row[i], c.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> nfma(const Strip<V, kRows>& a, const Strip<V, kRows>& b, const Strip<V, kRows>& c) {
    return Strip<V, kRows>::of([&](int i) { return nfma(a.row[i], b.row[i], c.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> minimum(const Strip<V, kRows>& bound, const Strip<V, kRows>& a) {
    return Strip<V, kRows>::of([&](int i) { return minimum(bound.row[i], a.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> maximum(const Strip<V, kRows>& bound, const Strip<V, kRows>& a) {
    return Strip<V, kRows>::of([&](int i) { return maximum(bound.row[i], a.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> where_positive(const Strip<V, kRows>& a, const Strip<V, kRows>& value) {
    return Strip<V, kRows>::of([&](int i) { return where_positive(a.row[i], value.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> power_of_two(const Strip<V, kRows>& shifted) {
    return Strip<V, kRows>::of([&](int i) { return power_of_two(shifted.row[i]); });
}
template <class V, int kRows>
GRUCLI_INLINE Strip<V, kRows> reciprocal(const Strip<V, kRows>& a) {
    return Strip<V, kRows>::of([&](int i) { return reciprocal(a.row[i]); });
}

// Calls use(first row, number of rows as a constant) for `count` rows, kRows at a time and then one by one.
template <int kRows, class Use>
void for_strips(Index count, Use use) {
    Index i = 0;
    for (; i + kRows <= count; i += kRows) use(i, std::integral_constant<int, kRows>());
    for (; i < count; ++i) use(i, std::integral_constant<int, 1>());
}

// Rows of a strip: as many as their registers suffice for, and fewer on the way back, which has more numbers
// at hand.
template <class V>
constexpr int kStrip = V::kTileRows / 2;
template <class V>
constexpr int kStripBack = V::kTileRows / 4;

}  // namespace grucli
