// Traps for the kernel's own check (GRUCLI_CHECK); nothing in the module that is installed. Memory that
// nobody has written is NaN, and AddressSanitizer guards the end of every piece of a block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#if defined(GRUCLI_CHECK) && defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define GRUCLI_FORBID(address, bytes) ASAN_POISON_MEMORY_REGION(address, bytes)
#define GRUCLI_ALLOW(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define GRUCLI_FORBID(address, bytes) ((void)(address), (void)(bytes))
#define GRUCLI_ALLOW(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace grucli {

#if defined(GRUCLI_CHECK)
constexpr std::ptrdiff_t kFence = 16;  // floats between two pieces of a block
#else
constexpr std::ptrdiff_t kFence = 0;
#endif

// From now on nobody may read or write these floats.
inline void forbid(float* floats, std::ptrdiff_t count) {
    GRUCLI_FORBID(floats, static_cast<std::size_t>(count) * sizeof(float));
}

// From now on anybody may; what they hold is not a number.
inline void allow(float* floats, std::ptrdiff_t count) {
    GRUCLI_ALLOW(floats, static_cast<std::size_t>(count) * sizeof(float));
#if defined(GRUCLI_CHECK)
    std::fill_n(floats, count, std::numeric_limits<float>::quiet_NaN());
#endif
}

}  // namespace grucli
