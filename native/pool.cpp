#include "pool.h"

#include <cstdint>
#include <deque>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

#include "core.h"
#include "denormals.h"

namespace grucli {
namespace {

class Pool {
public:
    void run(Phases& phases, int threads) {
        const std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
        if (turn.owns_lock()) {
            grow(threads - 1);
            open(phases, threads - 1);
            phases.work();
            phases.wait();
            close();
        } else {
            phases.work();
        }
    }

    void rouse() {
        const std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
        if (turn.owns_lock()) begin_round();
    }

private:
    // In `inside_`, beside the number of workers at the call: none may come any more.
    static constexpr int kClosed = 1 << 30;

    void grow(int workers) {
        for (int number = static_cast<int>(cores_.size()); number < workers; ++number) {
            cores_.emplace_back();
            std::thread([this, number, seen = round_.load(), core = &cores_.back()] { serve(number, seen, *core); })
                .detach();
        }
    }

    // One without phases is over at once.
    void begin_round() {
        const int here = current_core();
        for (Core& core : cores_) core.leave(here);
        ++round_;
        waiting_.notify();
    }

    void open(Phases& phases, int workers) {
        phases_ = &phases;
        wanted_ = workers;
        inside_ = 0;
        begin_round();
    }

    // No worker may touch the phases after this. Those inside find nothing left to take.
    void close() {
        inside_ |= kClosed;
        left_.until([this] { return inside_ == kClosed; });
    }

    void serve(int number, std::uint64_t seen, Core& core) {
        const FlushDenormals flush;
        for (;;) {
            const auto called = [&] {
                core.note();
                return round_ != seen;
            };
            waiting_.until(called, Wait::between_passes);
            seen = round_;
            if (number >= wanted_ || !enter()) continue;
            phases_->work();
            if (--inside_ == kClosed) left_.notify();
        }
    }

    bool enter() {
        int inside = inside_;
        while (inside < kClosed)
            if (inside_.compare_exchange_weak(inside, inside + 1)) return true;
        return false;
    }

    std::mutex turn_;
    Waiting waiting_, left_;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<int> inside_{kClosed}, wanted_{0};
    Phases* phases_ = nullptr;
    std::deque<Core> cores_;  // of the workers, each in its place for good
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

void run_in_pool(Phases& phases, int threads) { pool->run(phases, threads); }
void rouse_pool() { pool->rouse(); }

}  // namespace grucli
