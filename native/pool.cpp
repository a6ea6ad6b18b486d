#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

#include "denormals.h"

namespace grucli {
namespace {

// Long enough to bridge the phases of one call, short enough to leave the core to others.
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

class Pool {
public:
    void run(int parts, const std::function<void(int)>& work) {
        const std::lock_guard<std::mutex> turn(turn_);
        grow(parts - 1);
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            parts_ = parts;
            pending_.store(workers_, std::memory_order_relaxed);
            round_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
        work(0);
        wait(done_, [this] { return pending_.load(std::memory_order_acquire) == 0; });
    }

private:
    void grow(int workers) {
        for (; workers_ < workers; ++workers_) {
            const std::uint64_t seen = round_.load(std::memory_order_relaxed);
            std::thread([this, part = workers_ + 1, seen] { serve(part, seen); }).detach();
        }
    }

    void serve(int part, std::uint64_t seen) {
        const FlushDenormals flush;
        for (;;) {
            wait(wake_, [&] { return round_.load(std::memory_order_acquire) != seen; });
            ++seen;
            if (part < parts_) (*work_)(part);
            if (pending_.fetch_sub(1, std::memory_order_acq_rel) > 1) continue;
            const std::lock_guard<std::mutex> lock(mutex_);  // not between the caller's look and its sleep
            done_.notify_one();
        }
    }

    // Spins, then sleeps: a thread that only waits must not keep the core from the one it waits for.
    template <class Ready>
    void wait(std::condition_variable& signal, Ready ready) {
        for (int spin = 0; spin < kSpins; ++spin) {
            if (ready()) return;
            pause();
        }
        std::unique_lock<std::mutex> lock(mutex_);
        signal.wait(lock, ready);
    }

    std::mutex turn_, mutex_;
    std::condition_variable wake_, done_;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<int> pending_{0};
    const std::function<void(int)>* work_ = nullptr;
    int parts_ = 0, workers_ = 0;
};

// Never destroyed: its threads may outlive every destructor. A forked child has none of them, and
// starts over with a fresh pool.
Pool* make_pool();
Pool* pool = make_pool();

Pool* make_pool() {
#if !defined(_WIN32)
    static const int once = pthread_atfork(nullptr, nullptr, [] { pool = new Pool; });
    (void)once;
#endif
    return new Pool;
}

}  // namespace

void run_in_pool(int parts, const std::function<void(int)>& work) { pool->run(parts, work); }

}  // namespace grucli
