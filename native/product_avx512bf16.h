// Products in bfloat16 by AVX512-BF16: the loops of product.h, on pairs.
#pragma once

#include "bfloat16.h"

namespace grucli::bfloat16 {

// Sixteen pairs, or sixteen float32 sums.
struct PairVec {
    static constexpr int kLanes = 16, kTileRows = Vec::kTileRows;

    __m512 value;

    static PairVec zero() { return {_mm512_setzero_ps()}; }
    static PairVec set(float pair) { return {_mm512_set1_ps(pair)}; }
    static PairVec load(const float* from) { return {_mm512_loadu_ps(from)}; }
    void store(float* to) const { _mm512_storeu_ps(to, value); }
};

inline PairVec operator+(PairVec a, PairVec b) { return {_mm512_add_ps(a.value, b.value)}; }
inline PairVec fma(PairVec a, PairVec b, PairVec sums) {
    return {_mm512_dpbf16_ps(sums.value, (__m512bh)a.value, (__m512bh)b.value)};
}

class Avx512Bf16 {
public:
    using Vec = bfloat16::Vec;
    static constexpr Precision kPrecision = Precision::bfloat16;

    explicit Avx512Bf16(float* scratch) : scratch_(scratch) {}

    void multiply(Index rows, Index vecs, Index depth, Left a, const float* b, float* c, Index c_row,
                  bool accumulate) {
        const Index pairs = pairs_of(depth);
        pair_neighbours(rows, depth, a, scratch_);
        grucli::multiply<PairVec>(rows, vecs, (depth + 1) / 2, {scratch_, row_stride(pairs)}, packed<PairVec>(b, pairs), c,
                                  c_row, accumulate);
    }

    void multiply_transposed(Index rows, Index vecs, Index depth, const float* a, Index a_row, const float* b,
                             Index b_row, float* c, Index c_row) {
        const Index columns = vecs * kWord;
        float* const b_pairs = scratch_ + pairs_of(depth) * row_stride(rows);
        pair_rows(depth, rows, a, a_row, scratch_);
        pair_rows(depth, columns, b, b_row, b_pairs);
        grucli::multiply_transposed<PairVec>(rows, vecs, (depth + 1) / 2, scratch_, row_stride(rows), b_pairs,
                                             row_stride(columns), c, c_row);
    }

    static constexpr auto pack_columns = bfloat16::pack_columns<panel_vectors>;
    static constexpr auto pack_rows = bfloat16::pack_rows<panel_vectors>;

private:
    float* scratch_;
};

}  // namespace grucli::bfloat16
