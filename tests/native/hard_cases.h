// Numbers that a kernel trips over, two callers at the same time, and single steps.
#pragma once

#include "verdict.h"

namespace grucli::check {

// For every cell and normalisation, on the instruction set in use.
void check_hard_cases(const std::string& set, Precision precision, Verdict& verdict);

}  // namespace grucli::check
