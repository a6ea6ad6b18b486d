// Layer normalisation of rows in storage order, forwards and backwards.
//
// The rows come without their mean: weights whose columns were centred (see pack.h) give products
// that are centred already, so that one sum of squares is all that a row's statistics need.
#pragma once

#include <math.h>

#include "rows.h"

namespace grucli {

// Which gates share a mean and a variance: no group is no normalisation, one is all gates, two are
// {reset, update} and {candidate}, three are one for each gate.
static constexpr int group_of(int groups, int gate) {
    return groups == 3 ? gate : groups == 2 ? gate / 2 : 0;
}
static constexpr int gates_in(int groups, int gates, int group) {
    return groups == 3 ? 1 : groups == 2 ? 2 - group : gates;
}

// 1 / sqrt(variance + epsilon) of each group.
template <int kGroups>
struct Scales {
    float of[kGroups ? kGroups : 1];
};

// Means of g dy and of g dy xhat: what normalisation takes out of a gradient.
template <int kGroups>
struct Slopes {
    float mean[kGroups ? kGroups : 1];
    float along[kGroups ? kGroups : 1];
};

template <class V, int kGates, int kGroups>
struct Normaliser {
    static constexpr int group(int gate) { return group_of(kGroups, gate); }

    // `load(u, g)` gives the vector of gate g of block u.
    template <class Load>
    static Scales<kGroups> measure(const Units& units, Load load) {
        Scales<kGroups> scales = {};
        if constexpr (kGroups > 0) {
            V square[kGates];  // one for each gate: three short chains of additions, not a long one
            for (V& s : square) s = V::zero();
            for (Index u = 0; u < units.blocks; ++u)
                for (int g = 0; g < kGates; ++g) {
                    const V value = load(u, g);
                    square[g] = fma(value, value, square[g]);
                }
            V sum[kGroups];
            for (V& s : sum) s = V::zero();
            for (int g = 0; g < kGates; ++g) sum[group(g)] = sum[group(g)] + square[g];
            for (int k = 0; k < kGroups; ++k)
                scales.of[k] = 1.0f / sqrtf(total(sum[k]) / count(units, k) + units.epsilon);
        }
        return scales;
    }

    // Numbers of group k in a row.
    static float count(const Units& units, int k) {
        return static_cast<float>(gates_in(kGroups, kGates, k) * units.hidden);
    }

    // Takes the mean out of a row of one gate, whose vectors add up to `sum`; padding stays zero.
    static void centre(const Units& units, float* row, V sum) {
        const V mean = V::set(total(sum) / static_cast<float>(units.hidden));
        for (Index u = 0; u < units.blocks; ++u) {
            const V apart = V::load(row + u * V::kLanes) - mean;
            keep(apart, u == units.blocks - 1 ? units.last : V::kLanes).store(row + u * V::kLanes);
        }
    }

    static V normalise(V value, int gate, const Scales<kGroups>& scales) {
        if constexpr (kGroups == 0) return value;
        return value * V::set(scales.of[group(gate)]);
    }

    template <class S>
    static S affine(S normal, S gain, S bias) {
        if constexpr (kGroups == 0) return normal + bias;
        return fma(normal, gain, bias);
    }

    // Gradients of the raw values of one row, each from gain times that of the affine result.
    struct Back {
        V mean[kGroups ? kGroups : 1], along[kGroups ? kGroups : 1], scale[kGroups ? kGroups : 1];
        Back(const Scales<kGroups>& scales, const Slopes<kGroups>& slopes) {
            for (int k = 0; k < kGroups; ++k) {
                mean[k] = V::set(slopes.mean[k]);
                along[k] = V::set(slopes.along[k] * scales.of[k]);
                scale[k] = V::set(scales.of[k]);
            }
        }
        V operator()(V scaled, V raw, int gate) const {
            const int k = group(gate);
            return nfma(raw, along[k], scaled - mean[k]) * scale[k];
        }
    };

    // Gradient of one raw value, from that of the affine result.
    static V back(V gradient, V normal, V gain, int gate, const Scales<kGroups>& scales,
                  const Slopes<kGroups>& slopes) {
        if constexpr (kGroups == 0) return gradient;
        const int k = group(gate);
        // Not fused: the slopes hold the rounded product, and with one unit the two must cancel.
        const V centred = gain * gradient - V::set(slopes.mean[k]);
        return nfma(normal, V::set(slopes.along[k]), centred) * V::set(scales.of[k]);
    }
};

// Gathers the slopes of one row.
template <class V, int kGates, int kGroups>
struct SlopeSums {
    using N = Normaliser<V, kGates, kGroups>;
    V mean[kGroups ? kGroups : 1], along[kGroups ? kGroups : 1];

    SlopeSums() {
        for (int k = 0; k < kGroups; ++k) mean[k] = along[k] = V::zero();
    }
    void add(int gate, V gain, V gradient, V normal) { add_scaled(gate, gain * gradient, normal); }
    void add_scaled(int gate, V scaled, V normal) {
        if constexpr (kGroups > 0) {
            const int k = N::group(gate);
            mean[k] = mean[k] + scaled;
            along[k] = fma(scaled, normal, along[k]);
        }
    }
    Slopes<kGroups> reduce(const Units& units) const {
        return means(units, [](const V& sum) { return total(sum); });
    }
    // The same of row `i` where V is a strip.
    Slopes<kGroups> reduce(const Units& units, int i) const {
        return means(units, [i](const V& sum) { return total(sum.row[i]); });
    }

private:
    template <class Total>
    Slopes<kGroups> means(const Units& units, Total total_of) const {
        Slopes<kGroups> slopes = {};
        for (int k = 0; k < kGroups; ++k) {
            slopes.mean[k] = total_of(mean[k]) / N::count(units, k);
            slopes.along[k] = total_of(along[k]) / N::count(units, k);
        }
        return slopes;
    }
};

}  // namespace grucli
