// A few threads of our own.
#pragma once

#include "phases.h"

namespace grucli {

// Runs all phases on the caller's thread and on those of the pool that come in time, `threads` together at
// most; alone where another call has the pool. Safe after a fork.
void run_in_pool(Phases& phases, int threads);

// Wakes the threads of the pool, for which something is about to come.
void rouse_pool();

}  // namespace grucli
