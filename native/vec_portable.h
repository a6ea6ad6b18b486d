// Four floats in plain C++: the compiler turns the loops into SSE2 or NEON.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace grucli::portable {

struct Vec {
    static constexpr int kLanes = 4;
    static constexpr int kTileRows = 4;

    float value[kLanes];

    static Vec zero() { return set(0.0f); }
    static Vec set(float scalar) { return {{scalar, scalar, scalar, scalar}}; }
    static Vec load(const float* from) { return {{from[0], from[1], from[2], from[3]}}; }
    static Vec load_part(const float* from, int count) {
        Vec result = zero();
        for (int i = 0; i < kLanes && i < count; ++i) result.value[i] = from[i];
        return result;
    }
    void store(float* to) const { std::memcpy(to, value, sizeof value); }
    void store_part(float* to, int count) const {
        for (int i = 0; i < kLanes && i < count; ++i) to[i] = value[i];
    }
};

template <class Function>
inline Vec each(Function function) {
    return {{function(0), function(1), function(2), function(3)}};
}

// Fused where the machine has it: elsewhere the library call would cost more than it gives.
inline float multiply_add(float a, float b, float c) {
#if defined(FP_FAST_FMAF) || defined(__aarch64__)
    return std::fma(a, b, c);
#else
    return a * b + c;
#endif
}

inline Vec operator+(Vec a, Vec b) {
    return each([&](int i) { return a.value[i] + b.value[i]; });
}
inline Vec operator-(Vec a, Vec b) {
    return each([&](int i) { return a.value[i] - b.value[i]; });
}
inline Vec operator*(Vec a, Vec b) {
    return each([&](int i) { return a.value[i] * b.value[i]; });
}
inline Vec fma(Vec a, Vec b, Vec c) {
    return each([&](int i) { return multiply_add(a.value[i], b.value[i], c.value[i]); });
}
inline Vec nfma(Vec a, Vec b, Vec c) {
    return each([&](int i) { return multiply_add(-a.value[i], b.value[i], c.value[i]); });
}

// A NaN in the second operand comes through.
inline Vec minimum(Vec bound, Vec a) {
    return each([&](int i) { return bound.value[i] < a.value[i] ? bound.value[i] : a.value[i]; });
}
inline Vec maximum(Vec bound, Vec a) {
    return each([&](int i) { return bound.value[i] > a.value[i] ? bound.value[i] : a.value[i]; });
}

// `value` where a is above 0 or NaN, else 0.
inline Vec where_positive(Vec a, Vec value) {
    return each([&](int i) { return a.value[i] <= 0.0f ? 0.0f : value.value[i]; });
}
inline Vec keep(Vec a, int count) {
    return each([&](int i) { return i < count ? a.value[i] : 0.0f; });
}

// 2^n from n + 1.5 * 2^23, whose last bits are n.
inline Vec power_of_two(Vec shifted) {
    return each([&](int i) {
        std::uint32_t bits;
        std::memcpy(&bits, &shifted.value[i], sizeof bits);
        bits = (bits << 23) + (127u << 23);
        float result;
        std::memcpy(&result, &bits, sizeof result);
        return result;
    });
}
inline float total(Vec a) { return (a.value[0] + a.value[2]) + (a.value[1] + a.value[3]); }
inline Vec reciprocal(Vec a) {
    return each([&](int i) { return 1.0f / a.value[i]; });
}

}  // namespace grucli::portable
