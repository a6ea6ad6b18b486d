#include "memory.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "traps.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace grucli {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Eight sizes for each power of two: a batch that is a little shorter reuses the same blocks.
std::size_t rounded(std::size_t bytes) {
    std::size_t grain = 64;
    while (grain * 16 < bytes) grain *= 2;
    return (bytes + grain - 1) / grain * grain;
}

float* fresh(std::size_t bytes) {
    const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
    void* block = ::operator new(bytes, std::align_val_t{alignment});
#if defined(__linux__)
    // Only advice: where it is not taken, pages stay small.
    if (bytes >= kHugePage) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    return static_cast<float*>(block);
}

void release(float* block, std::size_t bytes) {
    ::operator delete(block, std::align_val_t{bytes >= kHugePage ? kHugePage : 64});
}

class Store {
public:
    float* take(std::size_t bytes) {
        const std::lock_guard<std::mutex> lock(mutex_);
        float* const block = reuse(bytes);
        float* const result = block ? block : fresh(bytes);
        used_[result] = bytes;
        used_bytes_ += bytes;
        peak_bytes_ = std::max(peak_bytes_, used_bytes_);
        return result;
    }

    void give(float* block) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto entry = used_.find(block);
        forbid(block, static_cast<std::ptrdiff_t>(entry->second / sizeof(float)));
        spare_.push_back({block, entry->second});
        spare_bytes_ += entry->second;
        used_bytes_ -= entry->second;
        used_.erase(entry);
        // Twice, because the phases of a step ask for blocks of different sizes.
        while (used_bytes_ + spare_bytes_ > 2 * peak_bytes_) drop_oldest();
    }

private:
    struct Block {
        float* data;
        std::size_t bytes;
    };

    // The block that came back last is the likeliest to be in cache.
    float* reuse(std::size_t bytes) {
        const auto found = std::find_if(spare_.rbegin(), spare_.rend(),
                                        [bytes](const Block& block) { return block.bytes == bytes; });
        if (found == spare_.rend()) return nullptr;
        float* const data = found->data;
        spare_bytes_ -= bytes;
        spare_.erase(std::next(found).base());
        return data;
    }

    void drop_oldest() {
        release(spare_.front().data, spare_.front().bytes);
        spare_bytes_ -= spare_.front().bytes;
        spare_.erase(spare_.begin());
    }

    std::mutex mutex_;
    std::vector<Block> spare_;  // oldest first; a few dozen at most
    std::unordered_map<float*, std::size_t> used_;
    std::size_t used_bytes_ = 0, spare_bytes_ = 0, peak_bytes_ = 0;
};

// Never destroyed: tensors may give their memory back after the last destructor has run.
Store& store() {
    static Store* const instance = new Store;
    return *instance;
}

}  // namespace

float* take_floats(std::size_t count) {
    const std::size_t bytes = rounded(std::max<std::size_t>(count, 1) * sizeof(float));
    float* const floats = store().take(bytes);
    allow(floats, static_cast<std::ptrdiff_t>(count));
    forbid(floats + count, static_cast<std::ptrdiff_t>(bytes / sizeof(float) - count));
    return floats;
}

void give_floats(float* floats) { store().give(floats); }

}  // namespace grucli
