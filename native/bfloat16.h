// Factors of products in bfloat16: two numbers that are multiplied one after the other lie in one word of
// 32 bits, a pair, and a pair stands where the product of float32 numbers has a float. Numbers are rounded
// to the nearest, ties to even; those below the normal range count as zero, as in the instructions.
#pragma once

#include <immintrin.h>

#include "pack.h"
#include "vec_avx512.h"

namespace grucli::bfloat16 {

using avx512::Vec;
constexpr Index kWord = 16;            // pairs in a register
constexpr Index kValues = 2 * kWord;  // numbers in them

// Up to sixteen of `left` numbers; zeros beyond, whose addresses are not read.
static inline __m512 load(const float* from, Index left) {
    return left >= Vec::kLanes ? _mm512_loadu_ps(from) : left <= 0 ? _mm512_setzero_ps()
                                                                  : Vec::load_part(from, static_cast<int>(left)).value;
}

// Sixteen pairs of neighbours: of the numbers in `first`, then of those in `second`.
static inline __m512i neighbours(__m512 first, __m512 second) {
    return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}

// Sixteen pairs of a number of `first` and the one at the same place of `second`.
static inline __m512i zipped(__m512 first, __m512 second) {
    const __m512i low = _mm512_set_epi32(0x001f000f, 0x001e000e, 0x001d000d, 0x001c000c, 0x001b000b, 0x001a000a,
                                         0x00190009, 0x00180008, 0x00170007, 0x00160006, 0x00150005, 0x00140004,
                                         0x00130003, 0x00120002, 0x00110001, 0x00100000);
    return _mm512_permutexvar_epi16(low, neighbours(first, second));
}

static inline void store(__m512i pairs, float* to) { _mm512_storeu_si512(to, pairs); }

// Sixteen rows of sixteen pairs become columns.
static inline void transpose(__m512i (&r)[kWord]) {
    __m512i s[kWord];
    GRUCLI_UNROLL
    for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    GRUCLI_UNROLL
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; ++j) {
            r[i + 2 * j] = _mm512_unpacklo_epi64(s[i + j], s[i + 2 + j]);
            r[i + 2 * j + 1] = _mm512_unpackhi_epi64(s[i + j], s[i + 2 + j]);
        }
    // r[4 q + k] has column 4 l + k of rows 4 q ... 4 q + 3 in its quarter l.
    GRUCLI_UNROLL
    for (int k = 0; k < 4; ++k) {
        const __m512i low01 = _mm512_shuffle_i32x4(r[k], r[4 + k], 0x44), high01 = _mm512_shuffle_i32x4(r[k], r[4 + k], 0xee);
        const __m512i low23 = _mm512_shuffle_i32x4(r[8 + k], r[12 + k], 0x44);
        const __m512i high23 = _mm512_shuffle_i32x4(r[8 + k], r[12 + k], 0xee);
        s[k] = _mm512_shuffle_i32x4(low01, low23, 0x88);
        s[4 + k] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
        s[8 + k] = _mm512_shuffle_i32x4(high01, high23, 0x88);
        s[12 + k] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
    }
    GRUCLI_UNROLL
    for (int i = 0; i < 16; ++i) r[i] = s[i];
}

// Rows of numbers -> rows of pairs of neighbours, pairs_of(depth) in each, row_stride of that apart.
static inline void pair_neighbours(Index rows, Index depth, Left from, float* to) {
    const Index row = row_stride(pairs_of(depth));
    for (Index i = 0; i < rows; ++i)
        for (Index k = 0; k < depth; k += kValues) {
            const float* at = from.data + i * from.row + k;
            store(neighbours(load(at, depth - k), load(at + Vec::kLanes, depth - k - Vec::kLanes)), to + i * row + k / 2);
        }
}

// Two rows of numbers, of which only those before `rows` are there.
static inline __m512i zipped_rows(const float* from, Index row, Index first, Index rows) {
    const float* at = from + first * row;
    return zipped(first < rows ? _mm512_loadu_ps(at) : _mm512_setzero_ps(),
                  first + 1 < rows ? _mm512_loadu_ps(at + row) : _mm512_setzero_ps());
}

// Rows of numbers -> each two rows become one of pairs: pairs_of(rows) of them, row_stride(columns) apart.
static inline void pair_rows(Index rows, Index columns, const float* from, Index from_row, float* to) {
    const Index row = row_stride(columns);
    for (Index k = 0; k < pairs_of(rows); ++k)
        for (Index j = 0; j < columns; j += kWord)
            store(zipped_rows(from + j, from_row, 2 * k, rows), to + k * row + j);
}

// The same upright: a row for each column, row_stride(pairs_of(rows)) apart.
static inline void pair_rows_upright(Index rows, Index columns, const float* from, Index from_row, float* to) {
    const Index row = row_stride(pairs_of(rows));
    for (Index k = 0; k < pairs_of(rows); k += kWord)
        for (Index j = 0; j < columns; j += kWord) {
            __m512i pairs[kWord];
            for (Index i = 0; i < kWord; ++i) pairs[i] = zipped_rows(from + j, from_row, 2 * (k + i), rows);
            transpose(pairs);
            for (Index i = 0; i < kWord; ++i) store(pairs[i], to + (j + i) * row + k);
        }
}

// One vector of units of weight [.., depth] -> columns of a panel; `mean` is taken off, null for none.
static inline void pack_vector_of_columns(const float* weight, Index units, Index depth, const float* mean, float* to,
                                          Index to_row) {
    for (Index k = 0; k < depth; k += kValues) {
        const Index left = depth - k, more = left - Vec::kLanes;
        const __m512 zero = _mm512_setzero_ps();
        const __m512 first = mean ? load(mean + k, left) : zero, second = mean ? load(mean + k + Vec::kLanes, more) : zero;
        __m512i pairs[kWord];
        for (Index i = 0; i < kWord; ++i) {
            const float* at = weight + i * depth + k;
            pairs[i] = i < units ? neighbours(_mm512_sub_ps(load(at, left), first),
                                              _mm512_sub_ps(load(at + Vec::kLanes, more), second))
                                 : _mm512_setzero_si512();
        }
        transpose(pairs);
        for (Index i = 0; i < kWord; ++i) store(pairs[i], to + (k / 2 + i) * to_row);
    }
}

// What pack_columns of pack.h does, in pairs and in panels of panel(vectors left) vectors.
template <int (*panel)(Index)>
void pack_columns(const Problem& p, const float* weight, Index depth, Place place, float* means, Index part,
                  Index parts) {
    const Index gates = gates_of(p), vecs = gates * vectors<Vec>(p.hidden), all = pairs_of(place.all);
    column_means<Vec>(p, weight, depth, means);
    Index number = 0;
    for (Index v = 0, wide; v < vecs; v += wide, ++number) {
        wide = panel(vecs - v);
        if (number % parts != part) continue;
        for (Index j = 0; j < wide; ++j) {
            const Index gate = (v + j) % gates, unit = (v + j) / gates * kWord;
            const int group = centring_group(p, gate);
            float* to = place.to + v * kWord * all + place.first / 2 * wide * kWord + j * kWord;
            pack_vector_of_columns(weight + (gate * p.hidden + unit) * depth, p.hidden - unit, depth,
                                   group < 0 ? nullptr : means + group * depth, to, wide * kWord);
        }
    }
}

// What pack_rows of pack.h does, likewise.
template <int (*panel)(Index)>
void pack_rows(const float* weight, Index gates, Index hidden, Index size, float* to, Index part, Index parts) {
    const Index vecs = vectors<Vec>(size), all = pairs_of(gates * padded(hidden));
    const auto row_at = [&](Index place, Index column) {
        const Index row = place < gates * padded(hidden) ? source_of<Vec>(place, gates, hidden) : -1;
        return row < 0 ? _mm512_setzero_ps() : load(weight + row * size + column, size - column);
    };
    for (Index v = 0, wide; v < vecs; v += wide) {
        wide = panel(vecs - v);
        for (Index k = all * part / parts; k < all * (part + 1) / parts; ++k)
            for (Index j = 0; j < wide; ++j) {
                const Index column = (v + j) * kWord;
                store(zipped(row_at(2 * k, column), row_at(2 * k + 1, column)),
                      to + v * kWord * all + (k * wide + j) * kWord);
            }
    }
}

}  // namespace grucli::bfloat16
