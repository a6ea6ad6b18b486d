// Who runs the parts of a batch: torch's own OpenMP threads where they can be found, else a pool.
#pragma once

#include <functional>

namespace grucli {

// Calls work(0) ... work(parts - 1) at the same time, on at most `threads` threads; returns when all
// are done. Numbers below the normal range count as zero inside.
void run_parallel(int parts, int threads, const std::function<void(int)>& work);

// From now on at most `most` threads work at once; 0 lifts the limit. The parts stay what they are, and
// so does every byte.
void limit_threads(int most);

// "openmp" or "pool".
const char* team_name();

}  // namespace grucli
