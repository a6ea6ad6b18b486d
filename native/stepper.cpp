#include "stepper.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace grucli {

SteppedLayer::SteppedLayer(const Problem& shape) : problem_(shape) {
    const Index rows = gates_of(shape) * shape.hidden;
    sizes_ = {rows * shape.inputs, rows * shape.hidden, rows, rows, rows, rows};
    kept_.resize(std::accumulate(sizes_.begin(), sizes_.end(), Index{0}));
}

void SteppedLayer::prepare(const Weights& weights) {
    if (packed_ && packed_->is_current() && holds(weights)) return;
    packed_.reset();
    Weights copies{};
    float* to = kept_.data();
    for (std::size_t i = 0; i < weights.size(); to += sizes_[i++]) {
        if (!weights[i]) continue;
        std::copy_n(weights[i], sizes_[i], to);
        copies[i] = to;
    }
    problem_.weight_ih = copies[0], problem_.weight_hh = copies[1];
    problem_.gain_x = copies[2], problem_.gain_h = copies[3];
    problem_.bias_x = copies[4], problem_.bias_h = copies[5];
    packed_ = std::make_unique<PackedLayer>(problem_);
}

// No counter of torch sees every change: a parameter's .data, or a numpy array on its memory.
bool SteppedLayer::holds(const Weights& weights) const {
    const Weights copies{problem_.weight_ih, problem_.weight_hh, problem_.gain_x,
                         problem_.gain_h,    problem_.bias_x,    problem_.bias_h};
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!weights[i] != !copies[i]) return false;
        if (copies[i] && std::memcmp(weights[i], copies[i], sizes_[i] * sizeof(float)) != 0) return false;
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
        p.batch = rows.batch;
        p.x = x, p.x_row = p.inputs;
        p.h0 = rows.h0 ? rows.h0 + below : nullptr;
        p.h_n = rows.h_n + below;
        p.outputs = i + 1 < layers_.size() ? p.h_n : rows.output;  // the same numbers twice
        p.out_row = p.hidden;
        layers_[i].forward(p, threads);
        x = p.outputs;
    }
}

}  // namespace grucli
