// What the arithmetic of a core can do at most, for benchmarks to compare with.
#pragma once

#include "product.h"

namespace grucli {

// Fused multiply-adds on registers and nothing else, in as many chains as a tile of the product has.
// Returns the number of floating point operations; `numbers` has two floats, which it changes.
template <class V>
double multiply_add(Index rounds, float* numbers) {
    constexpr int kChains = 3 * V::kTileRows;
    const V factor = V::set(numbers[0]), addend = V::set(numbers[1]);
    V sums[kChains];
    for (V& sum : sums) sum = addend;
    for (Index round = 0; round < rounds; ++round) {
        GRUCLI_UNROLL
        for (int i = 0; i < kChains; ++i) sums[i] = fma(sums[i], factor, addend);
    }
    for (const V& sum : sums) numbers[1] += total(sum);
    return 2.0 * static_cast<double>(rounds) * kChains * V::kLanes;
}

}  // namespace grucli
