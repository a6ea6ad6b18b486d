#include "stepper.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "shapes.h"

namespace grucli {
SteppedLayer::SteppedLayer(const Problem& shape) : problem_(shape) {
    Index count = 0;
    for (std::size_t k = 0; k < kParameters; ++k) count += parameter_shape(shape, k).count();
    kept_.resize(count);
}

void SteppedLayer::prepare(const Weights& weights) {
    if (packed_ && packed_->is_current() && holds(weights)) return;
    packed_.reset();
    problem_.parameters = {};
    float* to = kept_.data();
    for (std::size_t k = 0; k < kParameters; ++k) {
        const auto member = kParameter<const float>[k];
        const Index size = parameter_shape(problem_, k).count();
        if (weights.*member) {
            std::copy_n(weights.*member, size, to);
            problem_.parameters.*member = to;
        }
        to += size;
    }
    packed_ = std::make_unique<PackedLayer>(problem_);
}

// No counter of torch sees every change: a parameter's .data, or a numpy array on its memory.
bool SteppedLayer::holds(const Weights& weights) const {
    for (std::size_t k = 0; k < kParameters; ++k) {
        const float *given = weights.*kParameter<const float>[k], *copy = problem_.parameters.*kParameter<const float>[k];
        if (!given != !copy) return false;
        if (copy && std::memcmp(given, copy, parameter_shape(problem_, k).count() * sizeof(float)) != 0) return false;
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
