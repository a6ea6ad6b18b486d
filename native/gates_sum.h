// Layer normalisation of each gate's own sum: r and z first, then n = tanh(LN(x_n + r a_n)), whose
// statistics depend on r. The weights of r and z are centred, those of n cannot be: r scales a part.
#pragma once

#include "cells.h"
#include "norm.h"

namespace grucli {

template <class V>
struct SumGates {
    static constexpr int kGates = 3;
    static constexpr bool kSameGradient = false, kHasDirect = true;
    static constexpr int kReset = 0, kUpdate = 1, kCandidate = 2;
    using N = Normaliser<V, 1, 1>;  // each gate is a normalisation of its own

    static Index at(Index u, int g) { return (u * kGates + g) * V::kLanes; }

    // One row with its statistics and the intermediate r and v = x_n + r a_n, less its mean.
    struct Row {
        const Units& units;
        const float *x, *a;
        float *r, *v;
        Scales<1> scales[kGates];

        V sum(Index u, int g) const {
            if (g == kCandidate) return V::load(v + u * V::kLanes);
            return V::load(x + at(u, g)) + V::load(a + at(u, g));
        }
        V gain(Index u, int g) const { return V::load(units.vectors.gain_x + at(u, g)); }
        V bias(Index u, int g) const { return V::load(units.vectors.bias_x + at(u, g)); }
        V normal(Index u, int g) const { return N::normalise(sum(u, g), 0, scales[g]); }
        V gate(Index u, int g) const { return N::affine(normal(u, g), gain(u, g), bias(u, g)); }
        void measure(int g) {
            scales[g] = N::measure(units, [&](Index u, int) { return sum(u, g); });
        }
    };

    static Row open(const Units& units, const float* x, const float* a, float* spare) {
        Row row{units, x, a, spare, spare + units.blocks * V::kLanes, {}};
        row.measure(kReset);
        row.measure(kUpdate);
        V sum = V::zero();
        for (Index u = 0; u < units.blocks; ++u) {
            const V r = sigmoid(row.gate(u, kReset));
            const V v = fma(r, V::load(a + at(u, kCandidate)), V::load(x + at(u, kCandidate)));
            r.store(row.r + u * V::kLanes);
            v.store(row.v + u * V::kLanes);
            sum = sum + v;
        }
        N::centre(units, row.v, sum);
        row.measure(kCandidate);
        return row;
    }

    static void forward(const Units& units, const ForwardRows& rows) {
        for (Index i = 0; i < rows.count; ++i) {
            const Row row = open(units, rows.x + i * rows.width, rows.a + i * rows.width, rows.spare);
            for (Index u = 0; u < units.blocks; ++u) {
                float* unit = rows.h + i * rows.h_row + u * V::kLanes;
                const V z = sigmoid(row.gate(u, kUpdate));
                const V n = tanh(row.gate(u, kCandidate));
                fma(z, V::load(unit) - n, n).store(unit);
            }
        }
    }

    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        for (Index i = 0; i < rows.count; ++i) {
            const Row row = open(units, rows.x + i * rows.width, rows.a + i * rows.width, rows.spare);
            float* dx = rows.dx + i * rows.d_row;
            float* da = rows.da + i * rows.d_row;
            SlopeSums<V, 1, 1> slopes[kGates];
            outer(row, rows.h + i * rows.h_row, rows.dh + i * rows.h_row, da, slopes);
            candidate(row, dx, da, slopes, sums);
            for (int g = kReset; g <= kUpdate; ++g) {
                const Slopes<1> slope = slopes[g].reduce(units);
                for (Index u = 0; u < units.blocks; ++u) {
                    const V raw = through(row, u, g, V::load(da + at(u, g)), slope, sums);
                    raw.store(da + at(u, g));
                    raw.store(dx + at(u, g));
                }
            }
        }
    }

    // Gradients of the affine results of z and n, left in da.
    static void outer(const Row& row, const float* h, float* dh, float* da, SlopeSums<V, 1, 1>* slopes) {
        for (Index u = 0; u < row.units.blocks; ++u) {
            const V zn = row.normal(u, kUpdate), vn = row.normal(u, kCandidate);
            const V z = sigmoid(N::affine(zn, row.gain(u, kUpdate), row.bias(u, kUpdate)));
            const V n = tanh(N::affine(vn, row.gain(u, kCandidate), row.bias(u, kCandidate)));
            const V gradient = V::load(dh + u * V::kLanes);
            const V direct = gradient * z;
            const V dz = through_sigmoid(gradient * (V::load(h + u * V::kLanes) - n), z);
            const V dn = through_tanh(gradient - direct, n);
            direct.store(dh + u * V::kLanes);
            dz.store(da + at(u, kUpdate));
            dn.store(da + at(u, kCandidate));
            slopes[kUpdate].add(0, row.gain(u, kUpdate), dz, zn);
            slopes[kCandidate].add(0, row.gain(u, kCandidate), dn, vn);
        }
    }

    // Through the normalisation of n to x_n, a_n and the reset gate.
    static void candidate(const Row& row, float* dx, float* da, SlopeSums<V, 1, 1>* slopes,
                          const Sums& sums) {
        const Slopes<1> slope = slopes[kCandidate].reduce(row.units);
        for (Index u = 0; u < row.units.blocks; ++u) {
            const V r = V::load(row.r + u * V::kLanes);
            const V dv = through(row, u, kCandidate, V::load(da + at(u, kCandidate)), slope, sums);
            const V dr = through_sigmoid(dv * V::load(row.a + at(u, kCandidate)), r);
            dv.store(dx + at(u, kCandidate));
            (dv * r).store(da + at(u, kCandidate));
            dr.store(da + at(u, kReset));
            slopes[kReset].add(0, row.gain(u, kReset), dr, row.normal(u, kReset));
        }
    }

    // Gradient of one gate's raw sum; adds to its gain and bias.
    static V through(const Row& row, Index u, int g, V gradient, const Slopes<1>& slope, const Sums& sums) {
        const V normal = row.normal(u, g);
        float* dgain = sums.gain_x + at(u, g);
        float* dbias = sums.bias_x + at(u, g);
        fma(gradient, normal, V::load(dgain)).store(dgain);
        (V::load(dbias) + gradient).store(dbias);
        return N::back(gradient, normal, row.gain(u, g), 0, row.scales[g], slope);
    }
};

}  // namespace grucli
