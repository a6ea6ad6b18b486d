// The instruction set in use: the best that the machine has, unless another is asked for.
#pragma once

#include <string>
#include <vector>

#include "problem.h"

namespace grucli {

const Kernel& current_kernel();

// Names of those that this machine can run, best first.
std::vector<std::string> instruction_sets();
std::string instruction_set();

// Throws std::invalid_argument for a name that instruction_sets() does not hold.
void use_instruction_set(const std::string& name);

}  // namespace grucli
