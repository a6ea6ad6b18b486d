// From torch's stacked parameters to the layout of the product, and back.
//
// Storage order: the gates of one vector of units stand side by side, r0 z0 n0 r1 z1 n1 ..., so that
// a panel of three vectors holds everything those units need. Units beyond H are zero.
#pragma once

#include "product.h"

namespace grucli {

// Where a place in storage order comes from in a parameter stacked gate by gate; -1 for padding.
template <class V>
Index source_of(Index place, Index gates, Index hidden) {
    const Index vector = place / V::kLanes;
    const Index unit = vector / gates * V::kLanes + place % V::kLanes;
    return unit < hidden ? vector % gates * hidden + unit : -1;
}

// Which gates a column's mean is taken over; -1 for those that stay as they are. A mean taken out of
// the weights is a mean taken out of every product.
static int centring_group(const Problem& p, Index gate) {
    const bool gru = p.cell == Cell::gru;
    switch (p.norm) {
        case Norm::none: return -1;
        case Norm::split:
        case Norm::split_state:
        case Norm::sum_joint: return 0;
        case Norm::ba2016: return gru && gate == 2 ? 1 : 0;
        case Norm::sum: return !gru ? 0 : gate == 2 ? -1 : static_cast<int>(gate);
    }
    return -1;
}

// Means of the columns of weight [gates * H, depth] over each group of gates: [2, depth].
template <class V>
void column_means(const Problem& p, const float* weight, Index depth, float* means) {
    for (int group = 0; group < 2; ++group) {
        float* mean = means + group * depth;
        for (Index k = 0; k < depth; ++k) mean[k] = 0.0f;
        Index rows = 0;
        for (Index gate = 0; gate < gates_of(p); ++gate) {
            if (centring_group(p, gate) != group) continue;
            rows += p.hidden;
            for (Index row = gate * p.hidden; row < (gate + 1) * p.hidden; ++row)
                for (Index k = 0; k < depth; ++k) mean[k] += weight[row * depth + k];
        }
        for (Index k = 0; k < depth; ++k) mean[k] /= static_cast<float>(rows ? rows : 1);
    }
}

// Where a weight goes: rows `first` to `first + depth` of panels that have `all` rows.
struct Place {
    float* to;
    Index first, all;
};

// weight [gates * H, depth], centred -> panels of [depth] x width, for x W^T and h U^T.
template <class V>
void pack_columns(const Problem& p, const float* weight, Index depth, Place place, float* means, Index part,
                  Index parts) {
    const Index gates = gates_of(p), vecs = gates * vectors<V>(p.hidden);
    column_means<V>(p, weight, depth, means);
    Index panel = 0;
    for (Index v = 0; v < vecs; ++panel) {
        const int wide = panel_vectors(vecs - v);
        const Index columns = wide * V::kLanes;
        for (Index c = 0; panel % parts == part && c < columns; ++c) {
            const Index row = source_of<V>(v * V::kLanes + c, gates, p.hidden);
            const int group = row < 0 ? -1 : centring_group(p, row / p.hidden);
            const float* from = row < 0 ? nullptr : weight + row * depth;
            float* out = place.to + v * V::kLanes * place.all + place.first * columns + c;
            // Three loops: chosen inside, the mean becomes a masked load of an address that is null.
            if (!from) {
                for (Index k = 0; k < depth; ++k) out[k * columns] = 0.0f;
            } else if (group < 0) {
                for (Index k = 0; k < depth; ++k) out[k * columns] = from[k];
            } else {
                const float* mean = means + group * depth;
                for (Index k = 0; k < depth; ++k) out[k * columns] = from[k] - mean[k];
            }
        }
        v += wide;
    }
}

// weight [gates * H, size] -> panels of width x [size], for the way back: dA U, dX W.
template <class V>
void pack_rows(const float* weight, Index gates, Index hidden, Index size, float* to, Index part,
               Index parts) {
    const Index vecs = vectors<V>(size);
    const Index width = gates * vectors<V>(hidden) * V::kLanes;
    for (Index v = 0; v < vecs;) {
        const int wide = panel_vectors(vecs - v);
        const Index first = v * V::kLanes;
        for (Index k = width * part / parts; k < width * (part + 1) / parts; ++k) {
            const Index row = source_of<V>(k, gates, hidden);
            float* out = to + first * width + k * wide * V::kLanes;
            for (int j = 0; j < wide; ++j) {
                const Index column = first + j * V::kLanes;
                const Index left = row < 0 ? 0 : size - column;
                const int count = left < 0 ? 0 : left < V::kLanes ? static_cast<int>(left) : V::kLanes;
                const float* from = count ? weight + row * size + column : weight;
                V::load_part(from, count).store(out + j * V::kLanes);
            }
        }
        v += wide;
    }
}

// A stacked vector, or zeros where there is none, in storage order.
template <class V>
void pack_vector(const float* vector, Index gates, Index hidden, float* to) {
    for (Index place = 0; place < gates * vectors<V>(hidden) * V::kLanes; ++place) {
        const Index row = source_of<V>(place, gates, hidden);
        to[place] = vector && row >= 0 ? vector[row] : 0.0f;
    }
}

// Products of float32 numbers, and how their right factors are packed. Another precision has a class
// with the same members, which may use the scratch that its problems count (forward_scratch).
template <class V>
struct Float32 {
    using Vec = V;
    static constexpr Precision kPrecision = Precision::float32;

    explicit Float32(float*) {}

    // c = a b, or c += a b, for a packed b.
    void multiply(Index rows, Index vecs, Index depth, Left a, const float* b, float* c, Index c_row,
                  bool accumulate) {
        grucli::multiply<V>(rows, vecs, depth, a, packed<V>(b, depth), c, c_row, accumulate);
    }

    // c += a^T b.
    void multiply_transposed(Index rows, Index vecs, Index depth, const float* a, Index a_row, const float* b,
                             Index b_row, float* c, Index c_row) {
        grucli::multiply_transposed<V>(rows, vecs, depth, a, a_row, b, b_row, c, c_row);
    }

    static constexpr auto pack_columns = grucli::pack_columns<V>;
    static constexpr auto pack_rows = grucli::pack_rows<V>;
};

template <class P>
void pack(const Problem& p, const Packed& to, bool backward, Index part, Index parts) {
    using V = typename P::Vec;
    const Index gates = gates_of(p);
    const Parameters<const float>& from = p.parameters;
    float* means = to.means + part * 2 * means_stride(p);
    const Index depth = depth_of(p), above = above_of(p);
    if (above == 0) P::pack_columns(p, from.weight_ih, p.inputs, {to.input, 0, p.inputs}, means, part, parts);
    if (backward) {
        P::pack_rows(from.weight_hh, gates, p.hidden, p.hidden, to.hidden_back, part, parts);
        P::pack_rows(from.weight_ih, gates, p.hidden, p.inputs, to.input_back, part, parts);
    }
    if (!backward || !p.saved_h) {
        if (above > 0) P::pack_columns(p, from.weight_ih, p.inputs, {to.hidden, 0, depth}, means, part, parts);
        P::pack_columns(p, from.weight_hh, p.hidden, {to.hidden, above, depth}, means, part, parts);
    }
    if (part != 0) return;
    pack_vector<V>(from.gain_x, gates, p.hidden, to.gain_x);
    pack_vector<V>(from.gain_h, gates, p.hidden, to.gain_h);
    pack_vector<V>(from.bias_x, gates, p.hidden, to.bias_x);
    pack_vector<V>(from.bias_h, gates, p.hidden, to.bias_h);
    if (!has_cell_state(p)) return;
    pack_vector<V>(from.gain_c, 1, p.hidden, to.gain_c);
    pack_vector<V>(from.bias_c, 1, p.hidden, to.bias_c);
}

}  // namespace grucli
