// One part of the batch through the whole sequence, forwards: no other thread is waited for.
#pragma once

#include <algorithm>

#include "pack.h"
#include "rows.h"

namespace grucli {

template <class V>
Units units_of(const Problem& p, const Packed& packed) {
    const Index blocks = vectors<V>(p.hidden);
    const int last = static_cast<int>(p.hidden - (blocks - 1) * V::kLanes);
    return {p.hidden, blocks, last, p.epsilon, packed};
}

// Copies one row; the rest of its last vector becomes zero.
template <class V>
void copy_in(const float* from, Index size, float* to) {
    Index i = 0;
    for (; i + V::kLanes <= size; i += V::kLanes) V::load(from + i).store(to + i);
    if (i < size) V::load_part(from + i, static_cast<int>(size - i)).store(to + i);
}

template <class V>
void copy_out(const float* from, Index size, float* to) {
    Index i = 0;
    for (; i + V::kLanes <= size; i += V::kLanes) V::load(from + i).store(to + i);
    if (i == size) return;
    const int rest = static_cast<int>(size - i);  // nothing beyond it may be read or written
    V::load_part(from + i, rest).store_part(to + i, rest);
}

// Floats in front of every row of h: room for x where both go through one product.
static inline Index lead_of(const Problem& p) { return padded(above_of(p)); }

// Floats of scratch for the products: a left factor in pairs.
static inline Index forward_pairs(const Problem& p, Index rows) {
    if (p.precision == Precision::float32) return 0;
    return rows * row_stride(pairs_of(p.inputs > depth_of(p) ? p.inputs : depth_of(p)));
}

// Floats of scratch for a part of so many rows.
static inline Index forward_scratch(const Problem& p, Index rows) {
    const Index states = has_cell_state(p) ? 2 : 1;
    return forward_pairs(p, rows) +
           rows * (states * row_stride(lead_of(p) + p.hidden) + 2 * width_of(p) + row_stride(p.inputs)) + 2 * width_of(p);
}

template <class P, class Gates>
struct Sequence {
    using V = typename P::Vec;

    static void forward(const Problem& p, const Packed& packed_weights, const Part& part) {
        const Units units = units_of<V>(p, packed_weights);
        const Index rows = part.last - part.first, width = width_of(p), vecs = Gates::kGates * units.blocks;
        const Index lead = lead_of(p), h_row = row_stride(lead + p.hidden);
        P product(part.scratch);
        float* const scratch = part.scratch + forward_pairs(p, rows);
        float* h = scratch + lead;
        float* x_scratch = scratch + rows * h_row;
        float* a_scratch = x_scratch + rows * width;
        float* x_rows = a_scratch + rows * width;
        float* spare = x_rows + rows * row_stride(p.inputs);
        float* c = has_cell_state(p) ? spare + 2 * width : nullptr;
        for (Index i = 0; i < rows; ++i) std::fill_n(scratch + i * h_row, lead, 0.0f);
        start(p, part, p.h0, h, h_row);
        if (c) start(p, part, p.c0, c, h_row);
        for (Index step = 0; step < p.steps; ++step) {
            const Index t = p.reverse ? p.steps - 1 - step : step;
            const Index live = live_rows(p, part, t);
            const Index place = t * p.batch + part.first;
            float* a = p.saved_h ? p.saved_h + place * width : a_scratch;
            float* x = reads_sum(p) ? a : p.saved_x ? p.saved_x + place * width : x_scratch;
            if (p.saved_c) keep(p, live, c, h_row, p.saved_c + place * padded(p.hidden));
            if (lead > 0)
                for (Index i = 0; i < live; ++i)
                    copy_out<V>(input_row(p, part, t, i), p.inputs, h + i * h_row - above_of(p));
            else
                product.multiply(live, vecs, p.inputs, input_rows(p, part, t, live, x_rows), packed_weights.input,
                                 x, width, false);
            product.multiply(live, vecs, depth_of(p), {h - above_of(p), h_row}, packed_weights.hidden, a, width, false);
            Gates::forward(units, {live, x, a, width, h, c, h_row, spare});
            write(p, part, t, live, h, h_row);
        }
        finish(p, part, h, h_row, p.h_n);
        if (c) finish(p, part, c, h_row, p.c_n);
    }

    // The cell states before a step, for the backward pass.
    static void keep(const Problem& p, Index live, const float* c, Index c_row, float* to) {
        for (Index i = 0; i < live; ++i) copy_in<V>(c + i * c_row, p.hidden, to + i * padded(p.hidden));
    }

    static void finish(const Problem& p, const Part& part, const float* from, Index row, float* to) {
        for (Index i = 0; i < part.last - part.first; ++i)
            copy_out<V>(from + i * row, p.hidden, to + row_of(p, part.first + i) * p.hidden);
    }

    // Brings rows of [B, H] into the thread's own padded rows; null stands for zeros.
    static void start(const Problem& p, const Part& part, const float* from, float* to, Index to_row) {
        for (Index i = 0; i < part.last - part.first; ++i) {
            float* row = to + i * to_row;
            for (Index j = 0; j < padded(p.hidden); ++j) row[j] = 0.0f;
            if (from) copy_in<V>(from + row_of(p, part.first + i) * p.hidden, p.hidden, row);
        }
    }

    static const float* input_row(const Problem& p, const Part& part, Index t, Index i) {
        return p.x + t * p.x_step + row_of(p, part.first + i) * p.x_row;
    }

    // The inputs of one step, gathered only where sorting by length has moved the rows.
    static Left input_rows(const Problem& p, const Part& part, Index t, Index live, float* gathered) {
        if (!p.order) return {input_row(p, part, t, 0), p.x_row};
        const Index row = row_stride(p.inputs);
        for (Index i = 0; i < live; ++i)
            copy_in<V>(input_row(p, part, t, i), p.inputs, gathered + i * row);
        return {gathered, row};
    }

    // The outputs of one step; those of rows that have ended are zero.
    static void write(const Problem& p, const Part& part, Index t, Index live, const float* h, Index h_row) {
        float* outputs = p.outputs + t * p.out_step;
        for (Index i = 0; i < part.last - part.first; ++i) {
            float* to = outputs + row_of(p, part.first + i) * p.out_row;
            if (i < live) copy_out<V>(h + i * h_row, p.hidden, to);
            else
                for (Index j = 0; j < p.hidden; ++j) to[j] = 0.0f;
        }
    }
};

}  // namespace grucli
