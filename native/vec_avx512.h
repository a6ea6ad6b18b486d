// Sixteen floats in an AVX-512 register.
#pragma once

#include <immintrin.h>

namespace grucli::avx512 {

struct Vec {
    static constexpr int kLanes = 16;
    static constexpr int kTileRows = 8;  // 8 x 3 sums, 3 columns and 1 scalar: 28 of 32 registers

    __m512 value;

    static Vec zero() { return {_mm512_setzero_ps()}; }
    static Vec set(float scalar) { return {_mm512_set1_ps(scalar)}; }
    static Vec load(const float* from) { return {_mm512_loadu_ps(from)}; }
    static Vec load_part(const float* from, int count) {
        return {_mm512_maskz_loadu_ps(mask(count), from)};
    }
    void store(float* to) const { _mm512_storeu_ps(to, value); }
    void store_part(float* to, int count) const { _mm512_mask_storeu_ps(to, mask(count), value); }

    static __mmask16 mask(int count) { return static_cast<__mmask16>((1u << count) - 1u); }
};

inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.value, b.value)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.value, b.value)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.value, b.value)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.value, b.value, c.value)}; }
inline Vec nfma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.value, b.value, c.value)}; }

// A NaN in the second operand comes through.
inline Vec minimum(Vec bound, Vec a) { return {_mm512_min_ps(bound.value, a.value)}; }
inline Vec maximum(Vec bound, Vec a) { return {_mm512_max_ps(bound.value, a.value)}; }

// `value` where a is above 0 or NaN, else 0.
inline Vec where_positive(Vec a, Vec value) {
    return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.value, _mm512_setzero_ps(), _CMP_NLE_UQ), value.value)};
}
inline Vec keep(Vec a, int count) { return {_mm512_maskz_mov_ps(Vec::mask(count), a.value)}; }

// 2^n from n + 1.5 * 2^23, whose last bits are n.
inline Vec power_of_two(Vec shifted) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted.value), 23);
    return {_mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(127 << 23)))};
}
inline float total(Vec a) { return _mm512_reduce_add_ps(a.value); }

// One Newton step doubles the 14 bits of the estimate; adding its small share last rounds once.
inline Vec reciprocal(Vec a) {
    const Vec estimate{_mm512_rcp14_ps(a.value)};
    return fma(nfma(a, estimate, Vec::set(1.0f)), estimate, estimate);
}

}  // namespace grucli::avx512
