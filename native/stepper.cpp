#include "stepper.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace grucli {
namespace {

// A member of the parameters, and how many floats it has.
struct Sized {
    const float* Weights::*member;
    Index size;
};

std::array<Sized, 8> sizes_of(const Problem& p) {
    const Index rows = gates_of(p) * p.hidden;
    return {{{&Weights::weight_ih, rows * p.inputs},
             {&Weights::weight_hh, rows * p.hidden},
             {&Weights::gain_x, rows},
             {&Weights::gain_h, rows},
             {&Weights::bias_x, rows},
             {&Weights::bias_h, rows},
             {&Weights::gain_c, p.hidden},
             {&Weights::bias_c, p.hidden}}};
}

}  // namespace

SteppedLayer::SteppedLayer(const Problem& shape) : problem_(shape) {
    Index count = 0;
    for (const Sized& one : sizes_of(shape)) count += one.size;
    kept_.resize(count);
}

void SteppedLayer::prepare(const Weights& weights) {
    if (packed_ && packed_->is_current() && holds(weights)) return;
    packed_.reset();
    problem_.parameters = {};
    float* to = kept_.data();
    for (const Sized& one : sizes_of(problem_)) {
        if (weights.*one.member) {
            std::copy_n(weights.*one.member, one.size, to);
            problem_.parameters.*one.member = to;
        }
        to += one.size;
    }
    packed_ = std::make_unique<PackedLayer>(problem_);
}

// No counter of torch sees every change: a parameter's .data, or a numpy array on its memory.
bool SteppedLayer::holds(const Weights& weights) const {
    for (const Sized& one : sizes_of(problem_)) {
        const float *given = weights.*one.member, *copy = problem_.parameters.*one.member;
        if (!given != !copy) return false;
        if (copy && std::memcmp(given, copy, one.size * sizeof(float)) != 0) return false;
    }
    return true;
}

Stepper::Stepper(const Problem& shape, Index layers) {
    Problem p = shape;
    p.steps = 1;
    for (Index i = 0; i < layers; ++i, p.inputs = p.hidden) layers_.emplace_back(p);
}

void Stepper::step(const StepRows& rows, const std::vector<Weights>& weights, int threads) {
    if (weights.size() != layers_.size()) throw std::invalid_argument("step: weights of another stack");
    const std::lock_guard<std::mutex> lock(mutex_);
    const float* x = rows.x;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        layers_[i].prepare(weights[i]);
        Problem p = layers_[i].problem();
        const Index below = static_cast<Index>(i) * rows.batch * p.hidden;
        const bool two = has_cell_state(p);
        p.batch = rows.batch;
        p.x = x, p.x_row = p.inputs;
        p.h0 = rows.h0 ? rows.h0 + below : nullptr;
        p.h_n = rows.h_n + below;
        p.c0 = two && rows.c0 ? rows.c0 + below : nullptr;
        p.c_n = two ? rows.c_n + below : nullptr;
        p.outputs = i + 1 < layers_.size() ? p.h_n : rows.output;  // the same numbers twice
        p.out_row = p.hidden;
        layers_[i].forward(p, threads);
        x = p.outputs;
    }
}

}  // namespace grucli
