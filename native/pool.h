// A few threads of our own, for where torch's cannot be borrowed (see team.h).
#pragma once

#include <functional>

namespace grucli {

// Calls work(0) ... work(parts - 1), each on a thread of its own (the first on the caller's), and
// returns when all are done. Calls from several threads take turns. Safe after a fork.
void run_in_pool(int parts, const std::function<void(int)>& work);

}  // namespace grucli
