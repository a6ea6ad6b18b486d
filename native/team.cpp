#include "team.h"

#include <algorithm>
#include <atomic>

#if !defined(_WIN32)
#include <dlfcn.h>
#include <pthread.h>
#endif

#include "denormals.h"
#include "pool.h"

namespace grucli {
namespace {

// The OpenMP runtime that torch has loaded, looked up by name, because linking would bring a second
// one. Where torch was loaded before grucli could say otherwise, its threads wait by spinning for
// milliseconds after each of torch's own operations: other threads would have to fight them for the
// cores, these are awake already.
struct OpenMP {
    void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
    int (*thread)() = nullptr;
    int (*threads)() = nullptr;

    OpenMP() {
#if !defined(_WIN32)
        parallel = reinterpret_cast<decltype(parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
        thread = reinterpret_cast<decltype(thread)>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
        threads = reinterpret_cast<decltype(threads)>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
        // A forked child inherits the runtime's books, but none of its threads.
        pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif
    }

    bool usable() const { return parallel && thread && threads && !forked; }

    static std::atomic<bool> forked;
};

std::atomic<bool> OpenMP::forked{false};

const OpenMP& openmp() {
    static const OpenMP found;
    return found;
}

std::atomic<int> most_threads{0};

struct Job {
    const std::function<void(int)>& work;
    int parts;

    // What one of `threads` threads does.
    void run_share(int thread, int threads) const {
        for (int part = thread; part < parts; part += threads) work(part);
    }
};

// The runtime may give fewer threads than it was asked for.
void run_share_of_openmp(void* job) {
    const FlushDenormals flush;
    static_cast<const Job*>(job)->run_share(openmp().thread(), openmp().threads());
}

}  // namespace

void run_parallel(int parts, int threads, const std::function<void(int)>& work) {
    const FlushDenormals flush;
    const int most = most_threads.load(std::memory_order_relaxed);
    if (most > 0) threads = std::min(threads, most);
    Job job{work, parts};
    if (parts == 1 || threads == 1) return job.run_share(0, 1);
    if (!openmp().usable()) {
        const int team = std::min(threads, parts);
        return run_in_pool(team, [&](int thread) { job.run_share(thread, team); });
    }
    // Not only as many as there are parts: the runtime stops those that a smaller team does not need.
    openmp().parallel(run_share_of_openmp, &job, static_cast<unsigned>(threads), 0);
}

void limit_threads(int most) { most_threads.store(most, std::memory_order_relaxed); }

const char* team_name() { return openmp().usable() ? "openmp" : "pool"; }

}  // namespace grucli
