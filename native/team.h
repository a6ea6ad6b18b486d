// Who runs the parts of a batch: torch's own OpenMP threads where they can be found, else a pool.
#pragma once

#include <functional>

namespace grucli {

// Calls work(0) ... work(parts - 1) at the same time, on at most `threads` threads; returns when all
// are done. Numbers below the normal range count as zero inside.
void run_parallel(int parts, int threads, const std::function<void(int)>& work);

// "openmp" or "pool".
const char* team_name();

}  // namespace grucli
