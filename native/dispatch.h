// The instruction set in use for each precision: the best that the machine has, unless another is asked for.
#pragma once

#include <string>
#include <vector>

#include "problem.h"

namespace grucli {

// Throws std::runtime_error where the machine has none for this precision.
const Kernel& current_kernel(Precision precision);

// Names of those that this machine can run, best first; of bfloat16 there may be none.
std::vector<std::string> instruction_sets(Precision precision);
std::string instruction_set(Precision precision);

// Throws std::invalid_argument for a name that instruction_sets() has for no precision.
void use_instruction_set(const std::string& name);

}  // namespace grucli
