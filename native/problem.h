// What one call computes, as plain numbers and pointers: shared by every instruction set.
//
// Letters: B batch, T time, C inputs, H hidden. A "position" is a row of the batch after sorting by
// length; without lengths it is the row itself.
//
// This file is compiled once for each instruction set, so that its functions are static: a shared
// inline function compiled for AVX-512 must not be the one that the linker keeps for all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace grucli {

using Index = std::ptrdiff_t;

enum class Cell { gru = 0, rnn = 1, relu_rnn = 2 };
enum class Norm { none = 0, split = 1, ba2016 = 2, sum = 3, sum_joint = 4 };

// Every hidden size is padded to this many floats, whatever the instruction set, so that the shape
// of the saved tensors is the same on every machine.
constexpr Index kPad = 16;

static inline Index padded(Index size) { return (size + kPad - 1) / kPad * kPad; }

struct Problem {
    Cell cell;
    Norm norm;
    float epsilon;
    bool reverse;
    Index steps, batch, inputs, hidden;

    const float* x;  // [T, B, C] seen through strides; the last one is 1
    Index x_step, x_row;
    const float* weight_ih;  // [gates * H, C]
    const float* weight_hh;  // [gates * H, H]
    const float* gain_x;     // the vectors are [gates * H] or null
    const float* gain_h;
    const float* bias_x;
    const float* bias_h;
    const float* h0;  // [B, H] or null for zeros

    const Index* order;  // position -> row; null: the same
    const Index* live;   // [T] number of positions that reach step t; null: all

    float* outputs;  // [T, B, H] through strides
    Index out_step, out_row;
    float* h_n;      // [B, H]
    float* saved_h;  // [T, B, width] raw h U in storage order; null: inference
    float* saved_x;  // [T, B, width] raw x W; null: computed again in the backward pass
};

struct Gradient {
    const float* outputs;  // [T, B, H] through strides, or null
    Index out_step, out_row;
    const float* h_n;  // [B, H] or null
    float* x;          // [T, B, C] through the strides below, or null when nobody asks
    Index x_step, x_row;
    float* weight_ih;
    float* weight_hh;
    float* gain_x;
    float* gain_h;
    float* bias_x;
    float* bias_h;
    float* h0;
};

// Weights laid out for the product, and vectors in storage order (see pack.h).
struct Packed {
    float* input;        // [C] x width, in panels
    float* hidden;       // [H] x width, in panels
    float* input_back;   // width x [C], in panels
    float* hidden_back;  // width x [H], in panels
    float* gain_x;
    float* gain_h;
    float* bias_x;
    float* bias_h;
    float* means;        // scratch of the packing, 2 * means_stride for each part
};

// Sums over time and rows that one thread gathers; the vectors are [width] in storage order,
// one behind the other.
struct Sums {
    float* weight_ih;  // [C, width] and [H, width]: transposed, so that all vectors are whole
    float* weight_hh;
    float* gain_x;
    float* gain_h;
    float* bias_x;
    float* bias_h;
};

// The positions first <= p < last belong to one thread for the whole sequence.
struct Part {
    Index first, last;
    float* scratch;
};

static inline Index gates_of(const Problem& p) { return p.cell == Cell::gru ? 3 : 1; }

// Floats from one row of a product to the next.
static inline Index width_of(const Problem& p) { return gates_of(p) * padded(p.hidden); }

static inline Index means_stride(const Problem& p) {
    return padded(p.inputs > p.hidden ? p.inputs : p.hidden);
}

static inline Index row_of(const Problem& p, Index position) {
    return p.order ? p.order[position] : position;
}

// Rows of a part that reach step t: always its first ones.
static inline Index live_rows(const Problem& p, const Part& part, Index t) {
    const Index live = p.live ? p.live[t] : p.batch;
    if (live <= part.first) return 0;
    return (live < part.last ? live : part.last) - part.first;
}

// One instruction set's implementation.
struct Kernel {
    const char* name;
    Index lanes;
    void (*pack)(const Problem&, const Packed&, bool backward, Index part, Index parts);
    void (*forward)(const Problem&, const Packed&, const Part&);
    void (*backward)(const Problem&, const Gradient&, const Packed&, const Part&, const Sums&);
};

const Kernel& portable_kernel();
#if defined(GRUCLI_X86)
const Kernel& avx2_kernel();
const Kernel& avx512_kernel();
#elif defined(GRUCLI_NEON)
const Kernel& neon_kernel();
#endif

}  // namespace grucli
