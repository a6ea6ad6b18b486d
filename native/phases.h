// The phases of a call, whose pieces are done by whichever thread comes for them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <initializer_list>
#include <mutex>

namespace grucli {

// What to do with a piece, by its number. It refers to a function and asks for no memory.
class Work {
public:
    template <class Function>
    Work(const Function& function)
        : function_(&function), call_([](const void* known, int piece) {
              (*static_cast<const Function*>(known))(piece);
          }) {}
    void operator()(int piece) const { call_(function_, piece); }

private:
    const void* function_;
    void (*call_)(const void*, int);
};

struct Phase {
    int pieces;
    Work work;
};

// What a thread waits for, and so for how long it stays awake; waking takes 50 to 100 microseconds.
enum class Wait {
    // What others are at work at: so long as waking takes. It keeps its core, for which it would have to wait
    // a whole slice of time where strangers want it too.
    inside_pass,
    // Work: as long as Python may take between a layer's forward pass and its backward pass when it finds the
    // caches full of other things. After some looks it offers its core to whoever has work, each time.
    between_passes,
};

class Watch {
public:
    explicit Watch(Wait wait) : wait_(wait) {}
    bool is_over() const { return looks_ > kPauses && Clock::now() > end_; }
    void go_on();

private:
    using Clock = std::chrono::steady_clock;
    static constexpr int kPauses = 100;
    static constexpr std::chrono::microseconds kInside{100}, kBetween{400};

    Wait wait_;
    int looks_ = 0;
    Clock::time_point end_;
};

// Threads that wait until another one has done something: it makes `ready` true, in an order that all
// threads see (std::memory_order_seq_cst), and then calls notify. They watch for a while, then sleep.
class Waiting {
public:
    template <class Ready>
    void until(Ready ready, Wait wait = Wait::inside_pass) {
        if (watches(ready, wait)) return;
        std::unique_lock<std::mutex> lock(mutex_);
        ++asleep_;
        wake_.wait(lock, ready);
        --asleep_;
    }
    void notify();

private:
    template <class Ready>
    static bool watches(Ready ready, Wait wait) {
        for (Watch watch(wait); !watch.is_over(); watch.go_on())
            if (ready()) return true;
        return false;
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<int> asleep_{0};
};

// A thread that comes late finds done what others could do without it, and no piece waits for one that does
// not come at all. Who does a piece changes none of its bytes.
class Phases {
public:
    // What the list refers to has to outlive this.
    explicit Phases(std::initializer_list<Phase> phases) : phases_(phases) {}

    // What each thread does. Returns when nothing is left to take.
    void work();

    // Returns when all is done, by the threads that work.
    void wait() { wait_for(phases_.size() - 1); }

private:
    static constexpr std::size_t kMost = 3;

    void wait_for(std::size_t phase);

    std::initializer_list<Phase> phases_;
    std::array<std::atomic<int>, kMost> taken_{}, done_{};
    Waiting waiting_;
};

}  // namespace grucli
