// The sizes of every array of a layer, for those that own or check them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "problem.h"

namespace grucli {

// Up to three axes.
struct Shape {
    int ndim = 0;
    std::array<std::int64_t, 3> of{};

    Shape(std::initializer_list<std::int64_t> sizes) {
        for (const std::int64_t size : sizes) of[static_cast<std::size_t>(ndim++)] = size;
    }
    std::int64_t count() const {
        std::int64_t result = 1;
        for (int i = 0; i < ndim; ++i) result *= of[static_cast<std::size_t>(i)];
        return result;
    }
};

// The parameters of a layer in the order of grucli/nn/native/problem.py.
constexpr std::size_t kParameters = 8;
template <class Float>
inline constexpr std::array<Float* Parameters<Float>::*, kParameters> kParameter{
    &Parameters<Float>::weight_ih, &Parameters<Float>::weight_hh, &Parameters<Float>::gain_x,
    &Parameters<Float>::gain_h,    &Parameters<Float>::bias_x,    &Parameters<Float>::bias_h,
    &Parameters<Float>::gain_c,    &Parameters<Float>::bias_c};

inline Shape parameter_shape(const Problem& p, std::size_t k) {
    const Index rows = gates_of(p) * p.hidden;
    if (k < 2) return {rows, k == 0 ? p.inputs : p.hidden};
    return {k < 6 ? rows : p.hidden};
}

// Up to so many columns of x, x W is cheaper to compute again than to keep; up to so many units, h U, where
// the gates read it alone.
constexpr Index kRecomputedInputs = 32, kRecomputedHidden = 16;

// What is kept for the backward pass; no steps of what is not.
struct SavedShapes {
    Shape h, x, c;

    SavedShapes(const Problem& p, bool save)
        : h{save && (p.hidden > kRecomputedHidden || reads_sum(p)) ? p.steps : 0, p.batch, width_of(p)},
          x{save && p.inputs > kRecomputedInputs && !reads_sum(p) ? p.steps : 0, p.batch, width_of(p)},
          c{save && has_cell_state(p) ? p.steps : 0, p.batch, padded(p.hidden)} {}
};

}  // namespace grucli
