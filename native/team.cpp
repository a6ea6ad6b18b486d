#include "team.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#if !defined(_WIN32)
#include <dlfcn.h>
#include <pthread.h>
#endif

#include "denormals.h"
#include "pool.h"

namespace grucli {
namespace {

// The OpenMP runtime that torch has loaded, looked up by name, because linking would bring a second one.
struct OpenMP {
    void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;

    OpenMP() {
#if !defined(_WIN32)
        parallel = reinterpret_cast<decltype(parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
        // A forked child inherits the runtime's books, but none of its threads.
        pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif
    }

    bool usable() const { return parallel && !forked; }

    static std::atomic<bool> forked;
};

std::atomic<bool> OpenMP::forked{false};

const OpenMP& openmp() {
    static const OpenMP found;
    return found;
}

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

// Whether torch's threads are free to sleep and to move. Where nobody has told them to sleep while they wait
// (grucli/__init__.py does) they spin for milliseconds after each of torch's own operations: other threads would
// have to fight them for the cores, these are awake already. Where each is bound to a core, so is the caller, and
// others would begin beside it.
bool leaves_cores() {
    const char* const policy = std::getenv("OMP_WAIT_POLICY");
    const bool sleeps = policy && (policy[0] == 'p' || policy[0] == 'P');
    return sleeps && !is_set("OMP_PROC_BIND") && !is_set("OMP_PLACES") && !is_set("GOMP_CPU_AFFINITY");
}

bool takes_openmp() {
    static const bool leaves = leaves_cores();
    return !leaves && openmp().usable();
}

std::atomic<int> most_threads{0};

int limited(int threads) {
    const int most = most_threads.load(std::memory_order_relaxed);
    return most > 0 ? std::min(threads, most) : threads;
}

// What each thread of the runtime does.
void work(void* phases) {
    const FlushDenormals flush;
    static_cast<Phases*>(phases)->work();
}

}  // namespace

void run_phases(std::initializer_list<Phase> list, int threads) {
    const FlushDenormals flush;
    Phases phases(list);
    int pieces = 1;
    for (const Phase& phase : list) pieces = std::max(pieces, phase.pieces);
    threads = limited(threads);
    if (pieces == 1 || threads == 1) return phases.work();
    if (!takes_openmp()) return run_in_pool(phases, std::min(threads, pieces));
    // Not only as many as there are pieces: the runtime stops those that a smaller team does not need.
    openmp().parallel(work, &phases, static_cast<unsigned>(threads), 0);
}

int threads_for(double operations, int threads) {
    constexpr double kWorthAThread = 1e6;
    return 1 + static_cast<int>(std::min(operations / kWorthAThread, std::max(threads, 1) - 1.0));
}

void rouse(int threads) {
    if (limited(threads) > 1 && !takes_openmp()) rouse_pool();
}

void limit_threads(int most) { most_threads.store(most, std::memory_order_relaxed); }

const char* team_name() { return takes_openmp() ? "openmp" : "pool"; }

}  // namespace grucli
