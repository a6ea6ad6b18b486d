// Variants that normalise x W and h U apart, or not at all: none, split, ba2016.
#pragma once

#include "cells.h"
#include "norm.h"

namespace grucli {

template <class V, class Cell, int kGroups>
struct SplitGates {
    static constexpr int kGates = Cell::kGates;
    // Whether x W and h U have one gradient, and whether a step's gradient reaches the state before it
    // past the gates, too.
    static constexpr bool kSameGradient = false, kHasDirect = true;
    using N = Normaliser<V, kGates, kGroups>;

    static Index at(Index u, int g) { return (u * kGates + g) * V::kLanes; }

    struct Row {
        Scales<kGroups> x, a;
        Slopes<kGroups> dx, da;
    };

    static Scales<kGroups> measure(const Units& units, const float* row) {
        return N::measure(units, [&](Index u, int g) { return V::load(row + at(u, g)); });
    }

    // Several rows at once, because one row's statistics are a long chain of waiting.
    template <class Rows>
    static void measure_chunk(const Units& units, const Rows& rows, Index first, Row* info) {
        for (Index i = first; i < rows.count && i < first + kChunk; ++i) {
            info[i - first].x = measure(units, rows.x + i * rows.width);
            info[i - first].a = measure(units, rows.a + i * rows.width);
        }
    }

    static void forward(const Units& units, const ForwardRows& rows) {
        const Packed& p = units.vectors;
        Row info[kChunk];
        for (Index i = 0; i < rows.count; ++i) {
            if (i % kChunk == 0) measure_chunk(units, rows, i, info);
            const Row& row = info[i % kChunk];
            const float* x = rows.x + i * rows.width;
            const float* a = rows.a + i * rows.width;
            float* h = rows.h + i * rows.h_row;
            for (Index u = 0; u < units.blocks; ++u) {
                V xs[kGates], qs[kGates];
                for (int g = 0; g < kGates; ++g) {
                    const Index v = at(u, g);
                    xs[g] = N::affine(N::normalise(V::load(x + v), g, row.x), V::load(p.gain_x + v),
                                      V::load(p.bias_x + v));
                    qs[g] = N::affine(N::normalise(V::load(a + v), g, row.a), V::load(p.gain_h + v),
                                      V::load(p.bias_h + v));
                }
                float* unit = h + u * V::kLanes;
                Cell::forward(xs, qs, V::load(unit)).store(unit);
            }
        }
    }

    // First the gradients behind the normalisation, row by row, then through it for a few rows at
    // once, so that the sums for gains and biases stay in registers.
    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        for (Index first = 0; first < rows.count; first += kChunk) {
            const Index left = rows.count - first;
            const Index count = left < kChunk ? left : kChunk;
            Row info[kChunk];
            measure_chunk(units, rows, first, info);
            for (Index i = 0; i < count; ++i) activation(units, rows, first + i, info[i]);
            for (Index u = 0; u < units.blocks; ++u)
                for (int g = 0; g < kGates; ++g) normalisation(units, rows, first, count, info, u, g, sums);
        }
    }

    static void activation(const Units& units, const BackwardRows& rows, Index i, Row& row) {
        const Packed& p = units.vectors;
        const float* x = rows.x + i * rows.width;
        const float* a = rows.a + i * rows.width;
        const float* h = rows.h + i * rows.h_row;
        float* dh = rows.dh + i * rows.h_row;
        SlopeSums<V, kGates, kGroups> sx, sa;
        for (Index u = 0; u < units.blocks; ++u) {
            V xn[kGates], an[kGates], xs[kGates], qs[kGates], dx[kGates], dq[kGates];
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g);
                xn[g] = N::normalise(V::load(x + v), g, row.x);
                an[g] = N::normalise(V::load(a + v), g, row.a);
                xs[g] = N::affine(xn[g], V::load(p.gain_x + v), V::load(p.bias_x + v));
                qs[g] = N::affine(an[g], V::load(p.gain_h + v), V::load(p.bias_h + v));
            }
            const Index unit = u * V::kLanes;
            Cell::backward(xs, qs, V::load(h + unit), V::load(dh + unit), dx, dq).store(dh + unit);
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g);
                sx.add(g, V::load(p.gain_x + v), dx[g], xn[g]);
                sa.add(g, V::load(p.gain_h + v), dq[g], an[g]);
                dx[g].store(rows.dx + i * rows.d_row + v);
                dq[g].store(rows.da + i * rows.d_row + v);
            }
        }
        row.dx = sx.reduce(units);
        row.da = sa.reduce(units);
    }

    // With kOneGradient da holds the gradient of both, and dx nothing yet.
    template <bool kOneGradient = false>
    static void normalisation(const Units& units, const BackwardRows& rows, Index first, Index count,
                              const Row* info, Index u, int g, const Sums& sums) {
        const Index v = at(u, g);
        const V gain_x = V::load(units.vectors.gain_x + v), gain_h = V::load(units.vectors.gain_h + v);
        V dgain_x = V::load(sums.gain_x + v), dgain_h = V::load(sums.gain_h + v);
        V dbias_x = V::load(sums.bias_x + v), dbias_h = V::load(sums.bias_h + v);
        for (Index i = 0; i < count; ++i) {
            const Index row = first + i;
            float* dx_at = rows.dx + row * rows.d_row + v;
            float* da_at = rows.da + row * rows.d_row + v;
            const V da = V::load(da_at), dx = kOneGradient ? da : V::load(dx_at);
            dbias_x = dbias_x + dx;
            dbias_h = dbias_h + da;
            if constexpr (kGroups > 0) {
                const V xn = N::normalise(V::load(rows.x + row * rows.width + v), g, info[i].x);
                const V an = N::normalise(V::load(rows.a + row * rows.width + v), g, info[i].a);
                dgain_x = fma(dx, xn, dgain_x);
                dgain_h = fma(da, an, dgain_h);
                N::back(dx, xn, gain_x, g, info[i].x, info[i].dx).store(dx_at);
                N::back(da, an, gain_h, g, info[i].a, info[i].da).store(da_at);
            }
        }
        dgain_x.store(sums.gain_x + v);
        dgain_h.store(sums.gain_h + v);
        dbias_x.store(sums.bias_x + v);
        dbias_h.store(sums.bias_h + v);
    }
};

}  // namespace grucli
