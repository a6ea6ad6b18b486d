// One layer through the kernel, forwards and backwards, in memory of exactly the size it needs.
#pragma once

#include "layers.h"

namespace grucli::check {

// Everything that nobody wrote is NaN.
Results<float> run_kernel(const Layer& layer, const Numbers& numbers, int threads);

// The outputs and the final state alone, with nothing kept for a gradient.
Results<float> run_inference(const Layer& layer, const Numbers& numbers, int threads);

// The same one step after another, for a layer that goes forwards without lengths and lies as [T, B, ...].
Results<float> run_steps(const Layer& layer, const Numbers& numbers, int threads);

}  // namespace grucli::check
