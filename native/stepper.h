// One time step after another through a stack of layers, with the weights packed once.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "layer.h"

namespace grucli {

using Weights = Parameters<const float>;

// The dense rows of one step.
struct StepRows {
    Index batch;
    const float* x;   // [B, C]
    const float* h0;  // [L, B, H] or null for zeros
    const float* c0;
    float* output;  // [B, H]
    float* h_n;     // [L, B, H]
    float* c_n;     // null where the cell has no c
};

// Keeps the packed weights of one layer, and a copy of what they were packed from.
class SteppedLayer {
public:
    explicit SteppedLayer(const Problem& shape);

    // Packs anew unless every byte of the weights is what it was.
    void prepare(const Weights& weights);
    void forward(const Problem& rows, int threads) { packed_->forward(rows, threads); }
    const Problem& problem() const { return problem_; }

private:
    bool holds(const Weights& weights) const;

    Problem problem_;  // of one step; its parameters are the copies
    std::vector<float> kept_;
    std::unique_ptr<PackedLayer> packed_;
};

class Stepper {
public:
    // `shape`: cell, norm, epsilon, and the sizes of the first layer; the others read its states.
    Stepper(const Problem& shape, Index layers);

    // Safe from several threads: they take turns. Same bytes as a sequence of these steps.
    void step(const StepRows& rows, const std::vector<Weights>& weights, int threads);

private:
    std::vector<SteppedLayer> layers_;
    std::mutex mutex_;
};

}  // namespace grucli
