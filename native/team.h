// Who runs the phases of a call: torch's own OpenMP threads where they spin while they wait, else a pool.
#pragma once

#include "phases.h"

namespace grucli {

// Runs the phases one after the other, the pieces of each at the same time, on at most `threads` threads;
// returns when all are done. Numbers below the normal range count as zero inside.
void run_phases(std::initializer_list<Phase> phases, int threads);

// Of so many threads as many as there is work for: to wake one costs as much as some million operations.
int threads_for(double operations, int threads);

// Lets so many threads wake up, because phases are about to come.
void rouse(int threads);

// From now on at most `most` threads work at once; 0 lifts the limit. The parts stay what they are, and
// so does every byte.
void limit_threads(int most);

// "openmp" or "pool".
const char* team_name();

}  // namespace grucli
