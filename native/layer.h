// A whole layer: packs the weights, deals the rows of the batch to threads, adds up what they found.
#pragma once

#include "memory.h"
#include "problem.h"

namespace grucli {

// Lets the threads of a pass wake up while its arrays are made. `weights`: how many of each step and row.
void expect_pass(Index steps, Index batch, Index weights, int threads);

// `lengths` [B] or null: steps of each row that count. `threads` is an upper bound.
void run_forward(Problem problem, const std::int64_t* lengths, int threads);
void run_backward(Problem problem, const Gradient& gradient, const std::int64_t* lengths, int threads);

// Runs multiply_add (peak.h) on so many threads at once; returns the operations of all.
double run_multiply_add(Index rounds, int threads);

// The weights of one layer, packed once for many calls, one at a time. What they were packed from may go.
class PackedLayer {
public:
    explicit PackedLayer(const Problem& problem);
    void forward(const Problem& problem, int threads);

    // Whether they are laid out for the instruction set in use.
    bool is_current() const;

private:
    const Kernel& kernel_;
    Floats memory_, scratch_;
    Packed packed_;
};

}  // namespace grucli
