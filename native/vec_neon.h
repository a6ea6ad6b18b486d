// Four floats in a NEON register of a 64-bit ARM.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace grucli::neon {

struct Vec {
    static constexpr int kLanes = 4;
    static constexpr int kTileRows = 8;  // 8 x 3 sums, 3 columns and 1 scalar: 28 of 32 registers

    float32x4_t value;

    static Vec zero() { return set(0.0f); }
    static Vec set(float scalar) { return {vdupq_n_f32(scalar)}; }
    static Vec load(const float* from) { return {vld1q_f32(from)}; }
    static Vec load_part(const float* from, int count) {
        float lanes[kLanes] = {};
        for (int i = 0; i < kLanes && i < count; ++i) lanes[i] = from[i];
        return load(lanes);
    }
    void store(float* to) const { vst1q_f32(to, value); }
    void store_part(float* to, int count) const {
        float lanes[kLanes];
        store(lanes);
        for (int i = 0; i < kLanes && i < count; ++i) to[i] = lanes[i];
    }

    static uint32x4_t mask(int count) {
        static constexpr std::int32_t lanes[kLanes] = {0, 1, 2, 3};
        return vcltq_s32(vld1q_s32(lanes), vdupq_n_s32(count));
    }
};

inline Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.value, b.value)}; }
inline Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.value, b.value)}; }
inline Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.value, b.value)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.value, a.value, b.value)}; }
inline Vec nfma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.value, a.value, b.value)}; }

// A NaN comes through.
inline Vec minimum(Vec bound, Vec a) { return {vminq_f32(bound.value, a.value)}; }
inline Vec maximum(Vec bound, Vec a) { return {vmaxq_f32(bound.value, a.value)}; }

// `value` where a is above 0 or NaN, else 0.
inline Vec where_positive(Vec a, Vec value) {
    const uint32x4_t above = vmvnq_u32(vcleq_f32(a.value, vdupq_n_f32(0.0f)));
    return {vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(value.value), above))};
}
inline Vec keep(Vec a, int count) {
    return {vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a.value), Vec::mask(count)))};
}

// 2^n from n + 1.5 * 2^23, whose last bits are n.
inline Vec power_of_two(Vec shifted) {
    const int32x4_t exponent = vshlq_n_s32(vreinterpretq_s32_f32(shifted.value), 23);
    return {vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(127 << 23)))};
}
inline float total(Vec a) { return vaddvq_f32(a.value); }
inline Vec reciprocal(Vec a) { return {vdivq_f32(vdupq_n_f32(1.0f), a.value)}; }

}  // namespace grucli::neon
