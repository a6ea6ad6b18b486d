// What one call computes, as plain numbers and pointers: shared by every instruction set.
//
// Letters: B batch, T time, C inputs, H hidden; c is the cell state of an lstm. A "position" is a row of the batch after sorting by
// length; without lengths it is the row itself.
//
// This file is compiled once for each instruction set, so that its functions are static: a shared
// inline function compiled for AVX-512 must not be the one that the linker keeps for all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace grucli {

using Index = std::ptrdiff_t;

enum class Cell { gru, rnn, relu_rnn, lstm };
enum class Norm { none, split, ba2016, sum, sum_joint, split_state };  // names: variants.h

// What the factors of the products are rounded to. Sums, and all that is no product, are float32.
enum class Precision { float32, bfloat16 };

// Every hidden size is padded to this many floats, whatever the instruction set, so that the shape
// of the saved tensors is the same on every machine.
constexpr Index kPad = 16;

static inline Index padded(Index size) { return (size + kPad - 1) / kPad * kPad; }

// Rows in scratch are this far apart: an odd number of cache lines, so that the rows of one tile do
// not compete for the same cache sets.
static inline Index row_stride(Index size) {
    const Index lines = padded(size) / kPad;
    return (lines + (lines % 2 == 0 ? 1 : 0)) * kPad;
}

// Pairs of bfloat16 numbers that hold so many, with zeros at the end; a pair takes the place of a float.
static inline Index pairs_of(Index size) { return padded((size + 1) / 2); }

// Those of one layer, or their gradients; a vector is null where the variant has none.
template <class Float>
struct Parameters {
    Float* weight_ih;  // [gates * H, C]
    Float* weight_hh;  // [gates * H, H]
    Float* gain_x;     // the first four vectors are [gates * H]
    Float* gain_h;
    Float* bias_x;
    Float* bias_h;
    Float* gain_c;  // [H]
    Float* bias_c;
};

struct Problem {
    Cell cell;
    Norm norm;
    Precision precision;
    float epsilon;
    bool reverse;
    Index steps, batch, inputs, hidden;

    const float* x;  // [T, B, C] seen through strides; the last one is 1
    Index x_step, x_row;
    Parameters<const float> parameters;
    const float* h0;  // [B, H] or null for zeros
    const float* c0;

    const Index* order;  // position -> row; null: the same
    const Index* live;   // [T] number of positions that reach step t; null: all

    float* outputs;  // [T, B, H] through strides
    Index out_step, out_row;
    float* h_n;      // [B, H]
    float* c_n;      // null where the cell has no c
    float* saved_h;  // [T, B, width] raw h U in storage order, or x W + h U; null: inference, or as saved_x
    float* saved_x;  // [T, B, width] raw x W; null: computed again in the backward pass
    float* saved_c;  // [T, B, padded H] c before each step
};

struct Gradient {
    const float* outputs;  // [T, B, H] through strides, or null
    Index out_step, out_row;
    const float* h_n;  // [B, H] or null
    const float* c_n;
    float* x;  // [T, B, C] through the strides below, or null when nobody asks
    Index x_step, x_row;
    Parameters<float> parameters;
    float* h0;  // null when nobody asks
    float* c0;
};

// Weights laid out for the product, and vectors in storage order (see pack.h).
struct Packed {
    float* input;        // [C] x width, in panels
    float* hidden;       // [H] x width, in panels, or [C + H] x width (depth_of)
    float* input_back;   // width x [C], in panels
    float* hidden_back;  // width x [H], in panels
    float* gain_x;
    float* gain_h;
    float* bias_x;
    float* bias_h;
    float* gain_c;
    float* bias_c;
    float* means;        // scratch of the packing, 2 * means_stride for each part
};

// Sums over time and rows that one thread gathers: weights transposed, [C, width] and [H, width], so
// that all of their vectors are whole; vectors in storage order, one behind the other.
using Sums = Parameters<float>;

// The positions first <= p < last belong to one thread for the whole sequence.
struct Part {
    Index first, last;
    float* scratch;
};

static inline Index gates_of(const Problem& p) {
    return p.cell == Cell::lstm ? 4 : p.cell == Cell::gru ? 3 : 1;
}

static inline bool has_cell_state(const Problem& p) { return p.cell == Cell::lstm; }

// Whether the gates read nothing but x W + h U, so that one array holds both.
static inline bool reads_sum(const Problem& p) {
    if (p.cell == Cell::lstm) return p.norm == Norm::none;
    return p.norm == Norm::sum_joint || (p.norm == Norm::sum && p.cell != Cell::gru);
}

// Floats from one row of a product to the next.
static inline Index width_of(const Problem& p) { return gates_of(p) * padded(p.hidden); }

// Where the gates read a sum, x stands in front of h and W above U: in so many rows, of which those
// behind W are zeros, for a pair has to be of one of both.
static inline Index above_of(const Problem& p) {
    if (!reads_sum(p)) return 0;
    return p.precision == Precision::bfloat16 ? 2 * pairs_of(p.inputs) : p.inputs;
}

// Rows of the factor that h is multiplied with.
static inline Index depth_of(const Problem& p) { return above_of(p) + p.hidden; }

// Floats of all vectors of Sums.
static inline Index vectors_size(const Problem& p) {
    return 4 * width_of(p) + (has_cell_state(p) ? 2 * padded(p.hidden) : 0);
}

// Puts the vectors of sums one behind the other.
static inline void lay_out_vectors(const Problem& p, float* data, Sums& sums) {
    for (float** vector : {&sums.gain_x, &sums.gain_h, &sums.bias_x, &sums.bias_h}) {
        *vector = data;
        data += width_of(p);
    }
    sums.gain_c = has_cell_state(p) ? data : nullptr;
    sums.bias_c = has_cell_state(p) ? data + padded(p.hidden) : nullptr;
}

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
    Precision precision;
    Index lanes;
    void (*pack)(const Problem&, const Packed&, bool backward, Index part, Index parts);
    void (*forward)(const Problem&, const Packed&, const Part&);
    void (*backward)(const Problem&, const Gradient&, const Packed&, const Part&, const Sums&);
    double (*multiply_add)(Index rounds, float* numbers);
};

const Kernel& portable_kernel();
#if defined(GRUCLI_X86)
const Kernel& avx2_kernel();
const Kernel& avx512_kernel();
#if defined(GRUCLI_BFLOAT16)
const Kernel& avx512bf16_kernel();
const Kernel& amx_kernel();
#endif
#elif defined(GRUCLI_NEON)
const Kernel& neon_kernel();
#endif

}  // namespace grucli
