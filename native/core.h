// The core of a thread, and how to have it run on another one.
#pragma once

#include <atomic>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace grucli {

#if defined(__linux__)

inline int current_core() { return sched_getcpu(); }

// Linux wakes a thread where it slept, though the one that wakes it runs there and goes on to, and may leave
// both on that core for long while others are idle.
class Core {
public:
    // The thread itself, at each look while it waits.
    void note() {
        if (moved_) {
            sched_setaffinity(0, sizeof allowed_, &allowed_);
            moved_ = false;
        }
        const int here = current_core();
        if (at_ == here) return;
        thread_ = pthread_self();
        at_ = here;
    }

    // Another thread, one at a time: where this one waits on that core, it goes on on another that it may run on.
    void leave(int core) {
        if (core < 0 || at_ != core || moved_) return;
        if (pthread_getaffinity_np(thread_, sizeof allowed_, &allowed_) != 0) return;
        cpu_set_t others = allowed_;
        CPU_CLR(core, &others);
        if (CPU_COUNT(&others) == 0 || pthread_setaffinity_np(thread_, sizeof others, &others) != 0) return;
        moved_ = true;  // not before, or the thread could undo what is yet to be done
    }

private:
    cpu_set_t allowed_{};  // while it is moved
    std::atomic<pthread_t> thread_{};
    std::atomic<int> at_{-1};
    std::atomic<bool> moved_{false};
};

#else

inline int current_core() { return -1; }

class Core {
public:
    void note() {}
    void leave(int) {}
};

#endif

}  // namespace grucli
