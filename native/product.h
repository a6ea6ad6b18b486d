// Matrix products of the sizes a recurrence needs: a few rows against weights that stay in cache.
//
// Every element of the result is the same chain of fused multiply-adds over blocks of the depth,
// whatever the tile it falls in: the number of rows computed together never changes a row's bytes.
#pragma once

#include <cstring>
#include <type_traits>

#include "problem.h"

// What stands between the numbers and their registers: called, it would carry them through memory.
#if defined(__GNUC__)
#define GRUCLI_INLINE inline __attribute__((always_inline))
#else
#define GRUCLI_INLINE inline
#endif
#if defined(__clang__)
#define GRUCLI_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define GRUCLI_UNROLL _Pragma("GCC unroll 32")
#else
#define GRUCLI_UNROLL
#endif
// Into the L1 cache to be written, and into the L2 cache to be read.
#if defined(__GNUC__)
#define GRUCLI_FETCH_TO_WRITE(address) __builtin_prefetch(address, 1)
#define GRUCLI_FETCH_NEAR(address) __builtin_prefetch(address, 0, 2)
#else
#define GRUCLI_FETCH_TO_WRITE(address) ((void)0)
#define GRUCLI_FETCH_NEAR(address) ((void)0)
#endif

namespace grucli {

// Element (i, k) of the left factor is data[i * row + k * step]; one of both is known to the compiler.
struct Left {
    const float* data;
    Index row;
    static constexpr Index step = 1;
};

// The same of `kRows` rows that lie beside each other.
template <int kRows>
struct Columns {
    const float* data;
    static constexpr Index row = 1, step = kRows;
};

// The right factor, cut into panels of up to three vectors side by side. `vec` is the distance
// between vectors, `step` that between rows of the depth; a packed panel is contiguous, and its
// step is its own width (0 stands for that).
struct Right {
    const float* data;
    Index vec, step;
};

template <class V>
Index vectors(Index size) {
    return (size + V::kLanes - 1) / V::kLanes;
}

// Vectors in the next panel: three at a time, but never a last panel of one after a full one.
static inline int panel_vectors(Index remaining) {
    return remaining == 4 ? 2 : remaining < 3 ? static_cast<int>(remaining) : 3;
}

// All loops over i and j are unrolled, so that the sums live in registers from first to last. The
// result is fetched while they are formed, where that takes long enough.
template <class V, int kRows, int kVecs, class Factor>
void tile(Index depth, Factor a, const float* b, Index b_step, float* c, Index c_row, bool accumulate) {
    constexpr Index kDeep = 32;
    V sum[kRows][kVecs];
    GRUCLI_UNROLL
    for (int i = 0; i < kRows; ++i) {
        GRUCLI_UNROLL
        for (int j = 0; j < kVecs; ++j) {
            if (depth >= kDeep) GRUCLI_FETCH_TO_WRITE(c + i * c_row + j * V::kLanes);
            sum[i][j] = V::zero();
        }
    }
    for (Index k = 0; k < depth; ++k, a.data += a.step, b += b_step) {
        V right[kVecs];
        GRUCLI_UNROLL
        for (int j = 0; j < kVecs; ++j) right[j] = V::load(b + j * V::kLanes);
        GRUCLI_UNROLL
        for (int i = 0; i < kRows; ++i) {
            const V left = V::set(a.data[i * a.row]);
            GRUCLI_UNROLL
            for (int j = 0; j < kVecs; ++j) sum[i][j] = fma(left, right[j], sum[i][j]);
        }
    }
    GRUCLI_UNROLL
    for (int i = 0; i < kRows; ++i) {
        GRUCLI_UNROLL
        for (int j = 0; j < kVecs; ++j) {
            float* to = c + i * c_row + j * V::kLanes;
            (accumulate ? V::load(to) + sum[i][j] : sum[i][j]).store(to);
        }
    }
}

template <class V, int kVecs, class Factor>
void tile_of(Index rows, Index depth, Factor a, const float* b, Index b_step, float* c, Index c_row,
             bool accumulate) {
    switch (rows) {
        case 1: return tile<V, 1, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
        case 2: return tile<V, 2, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
        case 3: return tile<V, 3, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
        case 4: return tile<V, 4, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
        default: break;
    }
    if constexpr (V::kTileRows > 4) {
        switch (rows) {
            case 5: return tile<V, 5, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
            case 6: return tile<V, 6, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
            case 7: return tile<V, 7, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
            default: return tile<V, 8, kVecs>(depth, a, b, b_step, c, c_row, accumulate);
        }
    }
}

// A block of a panel this deep is used by all rows before the next pushes it out of the L1 cache.
template <class V>
constexpr Index kDepth = 24 * 1024 / (3 * V::kLanes * sizeof(float));

// One panel of the right factor against all rows of the left one. If `fetches`, each tile fetches its share
// of what follows the block: the panel's next one, or the next panel's first.
template <class V, int kVecs>
void multiply_panel(Index rows, Index depth, Left a, const float* b, Index b_step, float* c,
                    Index c_row, bool accumulate, bool fetches) {
    // A few rows more than a block are not worth one of their own.
    const Index most = depth > 0 && depth <= kDepth<V> / 8 * 9 ? depth : kDepth<V>;
    for (Index k = 0; k < depth || k == 0; k += most) {
        const Index block = depth - k < most ? depth - k : most;
        const Index share = fetches ? block * kVecs / (rows / V::kTileRows) : 0;
        const float* next = b + (k + block) * b_step;
        for (Index i = 0; i < rows; i += V::kTileRows) {
            for (Index j = 0; j < share; ++j, next += V::kLanes) GRUCLI_FETCH_NEAR(next);
            const Index height = rows - i < V::kTileRows ? rows - i : V::kTileRows;
            const Left here{a.data + i * a.row + k, a.row};
            tile_of<V, kVecs>(height, block, here, b + k * b_step, b_step, c + i * c_row, c_row,
                              accumulate || k > 0);
        }
    }
}

// Calls use(first vector, number of vectors as a constant) for each panel of a right factor.
template <class Use>
void for_panels(Index vecs, Use use) {
    for (Index v = 0; v < vecs;) {
        const int wide = panel_vectors(vecs - v);
        switch (wide) {
            case 1: use(v, std::integral_constant<int, 1>()); break;
            case 2: use(v, std::integral_constant<int, 2>()); break;
            default: use(v, std::integral_constant<int, 3>());
        }
        v += wide;
    }
}

// Whether the L2 cache has lost a packed right factor when it is used again, and enough rows go by each of
// its blocks to fetch the next one meanwhile: with fewer, the fetches wait for each other.
template <class V>
bool is_worth_fetching(Index rows, Index vecs, Index depth) {
    constexpr Index kEnoughRows = 64, kLost = 512 * 1024 / sizeof(float);
    return rows >= kEnoughRows && vecs * V::kLanes * depth >= kLost;
}

// c = a b, or c += a b; `vecs` vectors wide.
template <class V>
void multiply(Index rows, Index vecs, Index depth, Left a, Right b, float* c, Index c_row,
              bool accumulate) {
    const bool fetches = is_worth_fetching<V>(rows, vecs, depth);
    for_panels(vecs, [&](Index v, auto wide) {
        const Index step = b.step ? b.step : wide() * V::kLanes;
        multiply_panel<V, wide()>(rows, depth, a, b.data + v * b.vec, step, c + v * V::kLanes, c_row,
                                  accumulate, fetches);
    });
}

// c += a^T b for a [depth, rows] and b [depth, vecs], both with rows `a_row` and `b_row` apart. Some
// columns of a are brought together first: each is a cache line on a page of its own. They are as
// many as stay in cache while b goes by; so is a panel of b where enough of them read it. Rows of a are
// padded: a whole tile may always be read.
template <class V>
void multiply_transposed(Index rows, Index vecs, Index depth, const float* a, Index a_row, const float* b,
                         Index b_row, float* c, Index c_row) {
    constexpr Index kTile = V::kTileRows, kTiles = 16, kManyRows = 256;
    const bool packs = rows > kManyRows;
    const Index most = (packs ? kTiles : kTiles / 2) * kTile;
    alignas(64) float columns[kTiles][kDepth<V>][kTile];
    alignas(64) float panel[kDepth<V> * 3 * V::kLanes];
    for (Index k = 0; k < depth; k += kDepth<V>) {
        const Index block = depth - k < kDepth<V> ? depth - k : kDepth<V>;
        for (Index first = 0; first < rows; first += most) {
            const Index count = rows - first < most ? rows - first : most;
            for (Index j = 0; j < block; ++j)
                for (Index i = 0; i < count; i += kTile)
                    std::memcpy(columns[i / kTile][j], a + (k + j) * a_row + first + i, sizeof(float) * kTile);
            for_panels(vecs, [&](Index v, auto wide) {
                const float* from = b + k * b_row + v * V::kLanes;
                Index step = b_row;
                if (packs) {
                    step = wide() * V::kLanes;
                    for (Index j = 0; j < block; ++j)
                        for (Index w = 0; w < step; w += V::kLanes)
                            V::load(from + j * b_row + w).store(panel + j * step + w);
                    from = panel;
                }
                float* to = c + first * c_row + v * V::kLanes;
                for (Index i = 0; i < count; i += kTile)
                    tile_of<V, wide()>(count - i < kTile ? count - i : kTile, block,
                                       Columns<kTile>{columns[i / kTile][0]}, from, step, to + i * c_row, c_row,
                                       true);
            });
        }
    }
}

template <class V>
Right packed(const float* data, Index depth) {
    return {data, depth * V::kLanes, 0};
}

}  // namespace grucli
