// Products in bfloat16 by AMX, whose eight registers are tiles of 16 rows of 16 words.
#pragma once

#include "bfloat16.h"

namespace grucli::bfloat16 {

class Amx {
public:
    using Vec = bfloat16::Vec;
    static constexpr Precision kPrecision = Precision::bfloat16;

    explicit Amx(float* scratch) : scratch_(scratch) {}
    ~Amx() { _tile_release(); }
    Amx(const Amx&) = delete;
    Amx& operator=(const Amx&) = delete;

    void multiply(Index rows, Index vecs, Index depth, Left a, const float* b, float* c, Index c_row,
                  bool accumulate) {
        const Index pairs = pairs_of(depth);
        pair_neighbours(rows, depth, a, scratch_);
        multiply_pairs(rows, vecs, pairs, {scratch_, row_stride(pairs)}, {b, pairs * kWord, kWord}, c, c_row, accumulate);
    }

    // Rows of c are padded: a whole tile may be written.
    void multiply_transposed(Index rows, Index vecs, Index depth, const float* a, Index a_row, const float* b,
                             Index b_row, float* c, Index c_row) {
        const Index columns = vecs * kWord, pairs = pairs_of(depth);
        float* const b_pairs = scratch_ + padded(rows) * row_stride(pairs);
        pair_rows_upright(depth, rows, a, a_row, scratch_);
        pair_rows(depth, columns, b, b_row, b_pairs);
        multiply_pairs(padded(rows), vecs, pairs, {scratch_, row_stride(pairs)}, {b_pairs, kWord, row_stride(columns)}, c,
                       c_row, true);
    }

    static int panel(Index) { return 1; }
    static constexpr auto pack_columns = bfloat16::pack_columns<panel>;
    static constexpr auto pack_rows = bfloat16::pack_rows<panel>;

private:
    struct alignas(64) Shapes {
        std::uint8_t palette = 1, start = 0, reserved[14] = {};
        std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        std::uint8_t rows[16] = {};
    };

    // Tiles 0 and 1 are sums of `upper` rows, of which tile 4 holds the left factor; 2, 3 and 5 are the same
    // for `lower` rows; 6 and 7 hold the right factor.
    void shape(Index upper, Index lower) {
        const auto u = static_cast<std::uint8_t>(upper), l = static_cast<std::uint8_t>(lower);
        if (shapes_.rows[0] == u && shapes_.rows[2] == l) return;
        shapes_ = {};
        for (const int i : {0, 1, 4}) shapes_.rows[i] = u;
        for (const int i : {2, 3, 5}) shapes_.rows[i] = l;
        for (const int i : {6, 7}) shapes_.rows[i] = kWord;
        settle();
        _tile_loadconfig(&shapes_);
    }

    void multiply_pairs(Index rows, Index vecs, Index pairs, Left a, Right b, float* c, Index c_row, bool accumulate) {
        constexpr Index kTall = 2 * kWord;
        const Index whole = rows / kTall * kTall, rest = rows - whole;
        settle();
        if (whole > 0) {
            shape(kWord, kWord);
            for (Index v = 0; v < vecs; v += 2)
                for (Index i = 0; i < whole; i += kTall)
                    block<true>(vecs - v, pairs, {a.data + i * a.row, a.row}, at(b, v), c + i * c_row + v * kWord, c_row,
                                accumulate);
        }
        if (rest == 0) return;
        const Left below{a.data + whole * a.row, a.row};
        shape(rest < kWord ? rest : kWord, rest > kWord ? rest - kWord : kWord);
        for (Index v = 0; v < vecs; v += 2) {
            float* const to = c + whole * c_row + v * kWord;
            if (rest > kWord) block<true>(vecs - v, pairs, below, at(b, v), to, c_row, accumulate);
            else block<false>(vecs - v, pairs, below, at(b, v), to, c_row, accumulate);
        }
    }

    // The compiler takes no notice that the instructions on tiles read memory.
    static void settle() { asm volatile("" ::: "memory"); }

    static Right at(Right b, Index v) { return {b.data + v * b.vec, b.vec, b.step}; }

    template <bool kTwoRows>
    static void block(Index vecs, Index pairs, Left a, Right b, float* c, Index c_row, bool accumulate) {
        if (vecs > 1) tiles<kTwoRows, true>(pairs, a, b, c, c_row, accumulate);
        else tiles<kTwoRows, false>(pairs, a, b, c, c_row, accumulate);
    }

    // One or two tiles of rows by one or two of columns. The numbers of tiles have to be literals.
    template <bool kTwoRows, bool kTwoColumns>
    static void tiles(Index pairs, Left a, Right b, float* c, Index c_row, bool accumulate) {
        constexpr Index kBytes = sizeof(float);
        const Index c_step = c_row * kBytes, a_step = a.row * kBytes, b_step = b.step * kBytes;
        float* const lower = c + kWord * c_row;
        if (accumulate) {
            _tile_loadd(0, c, c_step);
            if constexpr (kTwoColumns) _tile_loadd(1, c + kWord, c_step);
            if constexpr (kTwoRows) _tile_loadd(2, lower, c_step);
            if constexpr (kTwoRows && kTwoColumns) _tile_loadd(3, lower + kWord, c_step);
        } else {
            _tile_zero(0);
            if constexpr (kTwoColumns) _tile_zero(1);
            if constexpr (kTwoRows) _tile_zero(2);
            if constexpr (kTwoRows && kTwoColumns) _tile_zero(3);
        }
        for (Index k = 0; k < pairs; k += kWord) {
            const float* const right = b.data + k * b.step;
            _tile_loadd(4, a.data + k, a_step);
            _tile_loadd(6, right, b_step);
            _tile_dpbf16ps(0, 4, 6);
            if constexpr (kTwoColumns) _tile_loadd(7, right + b.vec, b_step);
            if constexpr (kTwoColumns) _tile_dpbf16ps(1, 4, 7);
            if constexpr (kTwoRows) _tile_loadd(5, a.data + kWord * a.row + k, a_step);
            if constexpr (kTwoRows) _tile_dpbf16ps(2, 5, 6);
            if constexpr (kTwoRows && kTwoColumns) _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, c, c_step);
        if constexpr (kTwoColumns) _tile_stored(1, c + kWord, c_step);
        if constexpr (kTwoRows) _tile_stored(2, lower, c_step);
        if constexpr (kTwoRows && kTwoColumns) _tile_stored(3, lower + kWord, c_step);
    }

    float* scratch_;
    Shapes shapes_;
};

}  // namespace grucli::bfloat16
