// Variants that normalise the sum x W + h U before any gate is known: sum_joint, and sum of an rnn.
#pragma once

#include "cells.h"
#include "norm.h"

namespace grucli {

template <class V, class Cell>
struct JointGates {
    static constexpr int kGates = Cell::kGates;
    static constexpr bool kSameGradient = true, kHasDirect = true;
    using N = Normaliser<V, kGates, 1>;

    static Index at(Index u, int g) { return (u * kGates + g) * V::kLanes; }

    struct Row {
        Scales<1> sum;
        Slopes<1> slopes;
    };

    static auto reader(const float* a) {
        return [=](Index u, int g) { return V::load(a + at(u, g)); };
    }

    static void forward(const Units& units, const ForwardRows& rows) {
        const Packed& p = units.vectors;
        for (Index i = 0; i < rows.count; ++i) {
            const auto sum = reader(rows.a + i * rows.width);
            float* h = rows.h + i * rows.h_row;
            const auto scales = N::measure(units, sum);
            for (Index u = 0; u < units.blocks; ++u) {
                V c[kGates];
                for (int g = 0; g < kGates; ++g)
                    c[g] = N::affine(N::normalise(sum(u, g), g, scales), V::load(p.gain_x + at(u, g)),
                                     V::load(p.bias_x + at(u, g)));
                float* unit = h + u * V::kLanes;
                Cell::forward(c, V::load(unit)).store(unit);
            }
        }
    }

    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        for (Index first = 0; first < rows.count; first += kChunk) {
            const Index left = rows.count - first;
            const Index count = left < kChunk ? left : kChunk;
            Row info[kChunk];
            for (Index i = 0; i < count; ++i) info[i] = activation(units, rows, first + i);
            for (Index u = 0; u < units.blocks; ++u)
                for (int g = 0; g < kGates; ++g) normalisation(units, rows, first, count, info, u, g, sums);
        }
    }

    static Row activation(const Units& units, const BackwardRows& rows, Index i) {
        const Packed& p = units.vectors;
        const auto sum = reader(rows.a + i * rows.width);
        const float* h = rows.h + i * rows.h_row;
        float* dh = rows.dh + i * rows.h_row;
        Row row;
        row.sum = N::measure(units, sum);
        SlopeSums<V, kGates, 1> slopes;
        for (Index u = 0; u < units.blocks; ++u) {
            V normal[kGates], c[kGates], dc[kGates];
            for (int g = 0; g < kGates; ++g) {
                normal[g] = N::normalise(sum(u, g), g, row.sum);
                c[g] = N::affine(normal[g], V::load(p.gain_x + at(u, g)), V::load(p.bias_x + at(u, g)));
            }
            const Index unit = u * V::kLanes;
            Cell::backward(c, V::load(h + unit), V::load(dh + unit), dc).store(dh + unit);
            for (int g = 0; g < kGates; ++g) {
                slopes.add(g, V::load(p.gain_x + at(u, g)), dc[g], normal[g]);
                dc[g].store(rows.da + i * rows.d_row + at(u, g));
            }
        }
        row.slopes = slopes.reduce(units);
        return row;
    }

    static void normalisation(const Units& units, const BackwardRows& rows, Index first, Index count,
                              const Row* info, Index u, int g, const Sums& sums) {
        const Index v = at(u, g);
        const V gain = V::load(units.vectors.gain_x + v);
        V dgain = V::load(sums.gain_x + v), dbias = V::load(sums.bias_x + v);
        for (Index i = 0; i < count; ++i) {
            const Index row = first + i;
            const auto sum = reader(rows.a + row * rows.width);
            float* da = rows.da + row * rows.d_row + v;
            const V gradient = V::load(da);
            const V normal = N::normalise(sum(u, g), g, info[i].sum);
            dgain = fma(gradient, normal, dgain);
            dbias = dbias + gradient;
            N::back(gradient, normal, gain, g, info[i].sum, info[i].slopes).store(da);
        }
        dgain.store(sums.gain_x + v);
        dbias.store(sums.bias_x + v);
    }
};

}  // namespace grucli
