#include "phases.h"

#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace grucli {

void Watch::go_on() {
    const bool yields = wait_ == Wait::between_passes;
    if (++looks_ > kPauses && yields) return std::this_thread::yield();
    if (looks_ == kPauses) end_ = Clock::now() + (yields ? kBetween : kInside);
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

void Waiting::notify() {
    if (asleep_ == 0) return;
    { const std::lock_guard<std::mutex> lock(mutex_); }  // not between a look at `ready` and its sleep
    wake_.notify_all();
}

void Phases::work() {
    for (std::size_t i = 0; i < phases_.size(); ++i) {
        if (i > 0) wait_for(i - 1);
        const Phase& phase = phases_.begin()[i];
        for (int piece; (piece = taken_[i]++) < phase.pieces;) {
            phase.work(piece);
            if (++done_[i] == phase.pieces) waiting_.notify();
        }
    }
}

void Phases::wait_for(std::size_t phase) {
    const int pieces = phases_.begin()[phase].pieces;
    waiting_.until([&] { return done_[phase] == pieces; });
}

}  // namespace grucli
