// A whole layer: packs the weights, deals the rows of the batch to threads, adds up what they found.
#pragma once

#include "problem.h"

namespace grucli {

// `lengths` [B] or null: steps of each row that count. `threads` is an upper bound.
void run_forward(Problem problem, const std::int64_t* lengths, int threads);
void run_backward(Problem problem, const Gradient& gradient, const std::int64_t* lengths, int threads);

}  // namespace grucli
