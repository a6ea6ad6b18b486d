// Variants that normalise x W and h U apart, or not at all: none, split, ba2016.
#pragma once

#include "cells.h"
#include "norm.h"
#include "strip.h"

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

    // Several rows at once, because one row's statistics are a long chain of waiting. Calls
    // use(first row, number of rows, their statistics).
    template <class Rows, class Use>
    static void for_chunks(const Units& units, const Rows& rows, Use use) {
        Row info[kChunk];
        for (Index first = 0; first < rows.count; first += kChunk) {
            const Index count = rows.count - first < kChunk ? rows.count - first : kChunk;
            for (Index i = 0; i < count; ++i) {
                info[i].x = measure(units, rows.x + (first + i) * rows.width);
                info[i].a = measure(units, rows.a + (first + i) * rows.width);
            }
            use(first, count, info);
        }
    }

    static void forward(const Units& units, const ForwardRows& rows) {
        for_chunks(units, rows, [&](Index first, Index count, const Row* info) {
            for_strips<kStrip<V>>(count, [&](Index i, auto wide) {
                forward_strip<wide()>(units, rows, first + i, info + i);
            });
        });
    }

    // What is the same for all units comes by value: every store could change what a reference refers to.
    template <int kRows>
    static void forward_strip(const Units units, const ForwardRows rows, Index i, const Row* info) {
        using S = Strip<V, kRows>;
        float* h = rows.h + i * rows.h_row;
        for (Index u = 0; u < units.blocks; ++u) {
            S gates[kGates];
            activate(units, rows, i, info, u, gates);
            float* unit = h + u * V::kLanes;
            Cell::next(gates, S::load(unit, rows.h_row)).store(unit, rows.h_row);
        }
    }

    template <class S, class Rows>
    static GRUCLI_INLINE void activate(const Units& units, const Rows& rows, Index i, const Row* info, Index u,
                                       S* gates) {
        const Packed& p = units.vectors;
        S x[kGates], q[kGates];
        for (int g = 0; g < kGates; ++g) {
            const Index v = at(u, g), place = i * rows.width + v;
            x[g] = N::affine(normal<S>(rows.x + place, rows.width, g, info, &Row::x), S::all(V::load(p.gain_x + v)),
                             S::all(V::load(p.bias_x + v)));
            q[g] = N::affine(normal<S>(rows.a + place, rows.width, g, info, &Row::a), S::all(V::load(p.gain_h + v)),
                             S::all(V::load(p.bias_h + v)));
        }
        Cell::activate(x, q, gates);
    }

    // One vector of several rows of x or of a, normalised.
    template <class S>
    static GRUCLI_INLINE S normal(const float* from, Index width, int g, const Row* info,
                                  Scales<kGroups> Row::*side) {
        return S::of([&](int i) { return N::normalise(V::load(from + i * width), g, info[i].*side); });
    }

    // First the gates alone, then the gradients of the normalisations' results, then those of the products,
    // for which a row's slopes have to be whole.
    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        for_chunks(units, rows, [&](Index first, Index count, Row* info) {
            for_strips<kStrip<V>>(count, [&](Index i, auto wide) {
                keep_gates<wide()>(units, rows, first + i, info + i);
            });
            for_strips<kStripBack<V>>(count, [&](Index i, auto wide) {
                activation<wide()>(units, rows, first + i, info + i, sums);
            });
            for (Index i = 0; i < count; ++i) normalisation(units, rows, first + i, info[i]);
        });
    }

    // Gates of some rows, into the places of the gradients of x.
    template <int kRows>
    static void keep_gates(const Units units, const BackwardRows rows, Index i, const Row* info) {
        using S = Strip<V, kRows>;
        for (Index u = 0; u < units.blocks; ++u) {
            S gates[kGates];
            activate(units, rows, i, info, u, gates);
            for (int g = 0; g < kGates; ++g) gates[g].store(rows.dx + i * rows.d_row + at(u, g), rows.d_row);
        }
    }

    template <int kRows>
    static void activation(const Units units, const BackwardRows rows, Index i, Row* info, const Sums sums) {
        using S = Strip<V, kRows>;
        const Packed& p = units.vectors;
        const float* x = rows.x + i * rows.width;
        const float* a = rows.a + i * rows.width;
        const float* h = rows.h + i * rows.h_row;
        float* dh = rows.dh + i * rows.h_row;
        SlopeSums<S, kGates, kGroups> sx, sa;
        for (Index u = 0; u < units.blocks; ++u) {
            S xn[kGates], an[kGates], gates[kGates], qs[kGates], dx[kGates], dq[kGates];
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g);
                xn[g] = normal<S>(x + v, rows.width, g, info, &Row::x);
                an[g] = normal<S>(a + v, rows.width, g, info, &Row::a);
                gates[g] = S::load(rows.dx + i * rows.d_row + v, rows.d_row);
                qs[g] = N::affine(an[g], S::all(V::load(p.gain_h + v)), S::all(V::load(p.bias_h + v)));
            }
            const Index unit = u * V::kLanes;
            Cell::backward(gates, qs, S::load(h + unit, rows.h_row), S::load(dh + unit, rows.h_row), dx, dq)
                .store(dh + unit, rows.h_row);
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g), place = i * rows.d_row + v;
                finish(dx[g], xn[g], g, p.gain_x + v, sums.gain_x + v, sums.bias_x + v, sx)
                    .store(rows.dx + place, rows.d_row);
                finish(dq[g], an[g], g, p.gain_h + v, sums.gain_h + v, sums.bias_h + v, sa)
                    .store(rows.da + place, rows.d_row);
            }
        }
        for (int j = 0; j < kRows; ++j) {
            info[j].dx = sx.reduce(units, j);
            info[j].da = sa.reduce(units, j);
        }
    }

    // From the gradient of a normalisation's result to that of what its gain multiplies; adds to its slopes and
    // to the gradients of its gain and bias.
    template <class S, class Slopes>
    static GRUCLI_INLINE S finish(S gradient, S normal, int g, const float* gain, float* dgain, float* dbias,
                                  Slopes& slopes) {
        gradient.sum_with(V::load(dbias)).store(dbias);
        if constexpr (kGroups == 0) return gradient;
        gradient.sum_of_products(normal, V::load(dgain)).store(dgain);
        const S scaled = S::all(V::load(gain)) * gradient;
        slopes.add_scaled(g, scaled, normal);
        return scaled;
    }

    static void normalisation(const Units units, const BackwardRows rows, Index i, const Row& row) {
        if constexpr (kGroups == 0) return;
        const float* x = rows.x + i * rows.width;
        const float* a = rows.a + i * rows.width;
        float* dx = rows.dx + i * rows.d_row;
        float* da = rows.da + i * rows.d_row;
        const typename N::Back back_x(row.x, row.dx), back_a(row.a, row.da);
        for (Index u = 0; u < units.blocks; ++u)
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g);
                back_x(V::load(dx + v), V::load(x + v), g).store(dx + v);
                back_a(V::load(da + v), V::load(a + v), g).store(da + v);
            }
    }
};

}  // namespace grucli
