// Memory that is kept for the next call: fresh pages from the system cost a third of a training step.
#pragma once

#include <cstddef>

namespace grucli {

// Uninitialised floats on a 64-byte boundary. What is given back is kept, as long as all
// together is not more than twice what was ever in use at the same time.
float* take_floats(std::size_t count);
void give_floats(float* floats);

class Floats {
public:
    Floats() = default;
    explicit Floats(std::size_t count) { reserve(count); }
    ~Floats() {
        if (data_) give_floats(data_);
    }
    Floats(const Floats&) = delete;
    Floats& operator=(const Floats&) = delete;
    float* data() const { return data_; }

    // Room for so many; where it was less, all of it is new.
    void reserve(std::size_t count) {
        if (count <= count_) return;
        if (data_) give_floats(data_);
        data_ = take_floats(count);
        count_ = count;
    }

private:
    float* data_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace grucli
