// Treats numbers below the normal range as zero while it lives: they would cost a hundred times more.
#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <cstdint>
#endif

namespace grucli {

#if defined(__x86_64__) || defined(_M_X64)

class FlushDenormals {
public:
    FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }  // FTZ and DAZ
    ~FlushDenormals() { _mm_setcsr(before_); }

private:
    unsigned before_;
};

#elif defined(__aarch64__)

class FlushDenormals {
public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(before_ | (std::uint64_t{1} << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

private:
    std::uint64_t before_;
};

#else

class FlushDenormals {};

#endif

}  // namespace grucli
