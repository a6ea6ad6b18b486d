// One part of the batch through the whole sequence, backwards.
//
// Gates are computed again from the saved products, which is cheaper than to write and read them.
// Gradients gather in a block of a few steps; the block's share of the weight gradients is added
// while it is still in cache, so that no array of the whole sequence is written. Gains and biases
// are summed block by block too: one running sum over all steps and rows would lose what is small
// beside it.
#pragma once

#include "sequence.h"

namespace grucli {

// Rows whose gradients of gains and biases are summed plainly.
constexpr Index kSummed = 128;

// Rows that a block of steps holds: the depth of the products for the weight gradients.
static inline Index block_rows(Index rows) {
    return rows >= kSummed ? rows : kSummed / (rows ? rows : 1) * rows;
}

// Floats of scratch for the products: a left factor in pairs, or both factors of c += a^T b.
static inline Index backward_pairs(const Problem& p, Index rows) {
    if (p.precision == Precision::float32) return 0;
    const Index block = block_rows(rows), pairs = pairs_of(block), width = width_of(p);
    const Index side = means_stride(p);  // of a: as many columns as x or h has
    const Index left = block * row_stride(pairs_of(width > side ? width : side));
    const Index upright = side * row_stride(pairs), flat = pairs * row_stride(side);
    const Index both = (upright > flat ? upright : flat) + pairs * row_stride(width);
    return left > both ? left : both;
}

static inline Index backward_scratch(const Problem& p, Index rows) {
    const Index block = block_rows(rows), d_row = row_stride(width_of(p));
    const Index states = has_cell_state(p) ? 2 : 1;
    return backward_pairs(p, rows) + rows * (states * row_stride(p.hidden) + 2 * width_of(p)) + 2 * width_of(p) + 2 * vectors_size(p) +
           block * (2 * d_row + row_stride(p.hidden) + 2 * row_stride(p.inputs) + 1);
}

template <class P, class Gates>
struct SequenceBack {
    using V = typename P::Vec;

    const Problem& p;
    const Gradient& gradient;
    const Packed& weights;
    const Part& part;
    const Sums& sums;
    const Units units = units_of<V>(p, weights);
    const Index rows = part.last - part.first;
    const Index width = width_of(p);  // between rows; `used` of them hold something
    const Index vecs = Gates::kGates * units.blocks, used = vecs * V::kLanes;
    const Index h_row = row_stride(p.hidden), c_row = row_stride(p.inputs), d_row = row_stride(width);
    const Index capacity = block_rows(rows), summed = vectors_size(p);

    // Scratch. The block has `filled` rows; `to_x` says where each one's gradient of x belongs.
    // `block` has the sums for gains and biases since they were last added to `sums`, and `lost` what
    // rounding added too much there.
    P product{part.scratch};
    float* dh = part.scratch + backward_pairs(p, rows);
    float* x_scratch = dh + rows * h_row;
    float* a_scratch = x_scratch + rows * width;
    float* spare = a_scratch + rows * width;
    float* lost = spare + 2 * width;
    const Sums block = vector_sums(lost + summed);
    float* da = lost + 2 * summed;
    float* dx = Gates::kSameGradient ? da : da + capacity * d_row;
    float* h_block = dx + capacity * d_row;
    float* x_block = h_block + capacity * h_row;
    float* x_gradient = x_block + capacity * c_row;
    float* dc = has_cell_state(p) ? x_gradient + capacity * c_row : nullptr;
    Index filled = 0;
    Index first_step = 0;  // of the block, in the order of the backward pass

    void run() {
        Sequence<P, Gates>::start(p, part, gradient.h_n, dh, h_row);
        if (dc) Sequence<P, Gates>::start(p, part, gradient.c_n, dc, h_row);
        for (Index j = 0; j < 2 * summed; ++j) lost[j] = 0.0f;
        for (Index step = p.steps - 1; step >= 0; --step) {
            const Index t = p.reverse ? p.steps - 1 - step : step;
            const Index live = live_rows(p, part, t);
            if (filled + live > capacity) flush(step + 1);
            if (filled == 0) first_step = step;
            one_step(t, live);
            filled += live;
        }
        flush(0);
        if (gradient.h0) Sequence<P, Gates>::finish(p, part, dh, h_row, gradient.h0);
        if (gradient.c0) Sequence<P, Gates>::finish(p, part, dc, h_row, gradient.c0);
    }

    void one_step(Index t, Index live) {
        gather(t, live);
        const Index place = t * p.batch + part.first;
        const float* a = p.saved_h ? p.saved_h + place * width : a_scratch;
        const float* x = reads_sum(p) ? a : p.saved_x ? p.saved_x + place * width : x_scratch;
        if (a == a_scratch)
            product.multiply(live, vecs, p.hidden, {h_block + filled * h_row, h_row}, weights.hidden, a_scratch,
                             width, false);
        if (x == x_scratch)
            product.multiply(live, vecs, p.inputs, {x_block + filled * c_row, c_row}, weights.input, x_scratch,
                             width, false);
        for (Index i = 0; i < live; i += kSummed) {
            const Index count = live - i < kSummed ? live - i : kSummed;
            Gates::backward(units, some_rows(t, i, count, x, a), block);
            if (count == kSummed) add_block();
        }
        product.multiply(live, units.blocks, used, {da + filled * d_row, d_row}, weights.hidden_back, dh, h_row,
                         Gates::kHasDirect);
    }

    // `count` rows of step t from its `first` live one on.
    BackwardRows some_rows(Index t, Index first, Index count, const float* x, const float* a) const {
        const Index row = filled + first, c_width = padded(p.hidden);
        const float* c = p.saved_c ? p.saved_c + (t * p.batch + part.first + first) * c_width : nullptr;
        return {count, x + first * width, a + first * width, width, h_block + row * h_row,
                dh + first * h_row, dc ? dc + first * h_row : nullptr, h_row, c, c_width,
                dx + row * d_row, da + row * d_row, d_row, spare};
    }

    // Brings x and the previous state of every live row into the block, adds the outputs' gradient.
    void gather(Index t, Index live) {
        const Index before = p.reverse ? t + 1 : t - 1;
        const Index continued = before < 0 || before >= p.steps ? 0 : live_rows(p, part, before);
        for (Index i = 0; i < live; ++i) {
            const Index row = row_of(p, part.first + i);
            float* h = h_block + (filled + i) * h_row;
            copy_in<V>(p.x + t * p.x_step + row * p.x_row, p.inputs, x_block + (filled + i) * c_row);
            if (i < continued) copy_in<V>(p.outputs + before * p.out_step + row * p.out_row, p.hidden, h);
            else if (p.h0) copy_in<V>(p.h0 + row * p.hidden, p.hidden, h);
            else
                for (Index j = 0; j < h_row; ++j) h[j] = 0.0f;
            if (gradient.outputs)
                add_row(gradient.outputs + t * gradient.out_step + row * gradient.out_row, dh + i * h_row);
        }
    }

    void add_row(const float* from, float* to) const {
        Index j = 0;
        for (; j + V::kLanes <= p.hidden; j += V::kLanes) (V::load(to + j) + V::load(from + j)).store(to + j);
        if (j < p.hidden) {
            const V rest = V::load_part(from + j, static_cast<int>(p.hidden - j));
            (V::load(to + j) + rest).store(to + j);
        }
    }

    Sums vector_sums(float* data) const {
        Sums result{};
        lay_out_vectors(p, data, result);
        return result;
    }

    // Kahan's sum of the blocks: none is small beside the total.
    void add_block() {
        for (Index j = 0; j < summed; j += V::kLanes) {
            const V total = V::load(sums.gain_x + j), added = V::load(block.gain_x + j) - V::load(lost + j);
            const V next = total + added;
            ((next - total) - added).store(lost + j);
            next.store(sums.gain_x + j);
            V::zero().store(block.gain_x + j);
        }
    }

    // Adds the block's share of the weight gradients and writes its gradient of x.
    void flush(Index last_step) {
        add_block();
        product.multiply_transposed(p.hidden, vecs, filled, h_block, h_row, da, d_row, sums.weight_hh, width);
        product.multiply_transposed(p.inputs, vecs, filled, x_block, c_row, dx, d_row, sums.weight_ih, width);
        if (gradient.x) {
            product.multiply(filled, vectors<V>(p.inputs), used, {dx, d_row}, weights.input_back, x_gradient,
                             c_row, false);
            scatter_x(last_step);
        }
        filled = 0;
    }

    void scatter_x(Index last_step) {
        const float* from = x_gradient;
        for (Index step = first_step; step >= last_step; --step) {
            const Index t = p.reverse ? p.steps - 1 - step : step;
            float* to = gradient.x + t * gradient.x_step;
            for (Index i = 0; i < live_rows(p, part, t); ++i, from += c_row)
                copy_out<V>(from, p.inputs, to + row_of(p, part.first + i) * gradient.x_row);
        }
    }
};

}  // namespace grucli
