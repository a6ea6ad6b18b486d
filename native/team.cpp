#include "team.h"

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
// one. Its threads wait by spinning for milliseconds after each of torch's own operations: other
// threads would have to fight them for the cores, these are awake already.
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

struct Job {
    const OpenMP& openmp;
    const std::function<void(int)>& work;
    int parts;
};

// Takes every part in turn: the runtime may give fewer threads than it was asked for.
void run_share(void* argument) {
    const Job& job = *static_cast<const Job*>(argument);
    const FlushDenormals flush;
    for (int part = job.openmp.thread(); part < job.parts; part += job.openmp.threads()) job.work(part);
}

}  // namespace

void run_parallel(int parts, int threads, const std::function<void(int)>& work) {
    const FlushDenormals flush;
    if (parts == 1) return work(0);
    if (!openmp().usable()) return run_in_pool(parts, work);
    Job job{openmp(), work, parts};
    // Always torch's number of threads: the runtime stops those that a smaller team does not need.
    openmp().parallel(run_share, &job, static_cast<unsigned>(threads), 0);
}

const char* team_name() { return openmp().usable() ? "openmp" : "pool"; }

}  // namespace grucli
