// Eight floats in an AVX register, with fused multiply-add.
#pragma once

#include <immintrin.h>

namespace grucli::avx2 {

struct Vec {
    static constexpr int kLanes = 8;
    static constexpr int kTileRows = 4;  // 4 x 3 sums, 3 columns and 1 scalar: all 16 registers

    __m256 value;

    static Vec zero() { return {_mm256_setzero_ps()}; }
    static Vec set(float scalar) { return {_mm256_set1_ps(scalar)}; }
    static Vec load(const float* from) { return {_mm256_loadu_ps(from)}; }
    static Vec load_part(const float* from, int count) {
        return {_mm256_maskload_ps(from, mask(count))};
    }
    void store(float* to) const { _mm256_storeu_ps(to, value); }
    void store_part(float* to, int count) const { _mm256_maskstore_ps(to, mask(count), value); }

    static __m256i mask(int count) {
        const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane);
    }
};

inline Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.value, b.value)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.value, b.value)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.value, b.value)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.value, b.value, c.value)}; }
inline Vec nfma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.value, b.value, c.value)}; }

// A NaN in the second operand comes through.
inline Vec minimum(Vec bound, Vec a) { return {_mm256_min_ps(bound.value, a.value)}; }
inline Vec maximum(Vec bound, Vec a) { return {_mm256_max_ps(bound.value, a.value)}; }

// `value` where a is above 0 or NaN, else 0.
inline Vec where_positive(Vec a, Vec value) {
    return {_mm256_and_ps(value.value, _mm256_cmp_ps(a.value, _mm256_setzero_ps(), _CMP_NLE_UQ))};
}
inline Vec keep(Vec a, int count) {
    return {_mm256_and_ps(a.value, _mm256_castsi256_ps(Vec::mask(count)))};
}

// 2^n from n + 1.5 * 2^23, whose last bits are n.
inline Vec power_of_two(Vec shifted) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted.value), 23);
    return {_mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(127 << 23)))};
}
inline float total(Vec a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a.value), _mm256_extractf128_ps(a.value, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline Vec reciprocal(Vec a) { return {_mm256_div_ps(_mm256_set1_ps(1.0f), a.value)}; }

}  // namespace grucli::avx2
