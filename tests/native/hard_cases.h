// Numbers that a kernel trips over, and two callers at the same time.
#pragma once

#include "verdict.h"

namespace grucli::check {

// For every cell and normalisation, on the instruction set in use.
void check_hard_cases(const std::string& set, Verdict& verdict);

}  // namespace grucli::check
