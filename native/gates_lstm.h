// Long short-term memory: plain, which reads x W + h U alone, and with layer normalisation of both
// products and of the cell state.
#pragma once

#include "gates_split.h"

namespace grucli {

template <class V>
struct PlainLstm {
    static constexpr int kGates = Lstm::kGates;
    static constexpr bool kSameGradient = true, kHasDirect = false;

    static Index at(Index u, int g) { return (u * kGates + g) * V::kLanes; }

    template <class S>
    static GRUCLI_INLINE void activate(const Packed& p, const float* a, Index width, Index u, S* gates) {
        S sums[kGates];
        for (int g = 0; g < kGates; ++g)
            sums[g] = S::load(a + at(u, g), width) +
                      S::all(V::load(p.bias_x + at(u, g)) + V::load(p.bias_h + at(u, g)));
        Lstm::activate(sums, gates);
    }

    static void forward(const Units& units, const ForwardRows& rows) {
        for_strips<kStrip<V>>(rows.count, [&](Index i, auto wide) { forward_strip<wide()>(units, rows, i); });
    }

    template <int kRows>
    static void forward_strip(const Units units, const ForwardRows rows, Index i) {
        using S = Strip<V, kRows>;
        float* h = rows.h + i * rows.h_row;
        float* c = rows.c + i * rows.h_row;
        for (Index u = 0; u < units.blocks; ++u) {
            S gates[kGates];
            activate(units.vectors, rows.a + i * rows.width, rows.width, u, gates);
            const S next = Lstm::next_cell(gates, S::load(c + u * V::kLanes, rows.h_row));
            next.store(c + u * V::kLanes, rows.h_row);
            (gates[Lstm::kOutput] * tanh(next)).store(h + u * V::kLanes, rows.h_row);
        }
    }

    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        for (Index first = 0; first < rows.count; first += kChunk) {
            const Index count = rows.count - first < kChunk ? rows.count - first : kChunk;
            for_strips<kStrip<V>>(count, [&](Index i, auto wide) { keep_gates<wide()>(units, rows, first + i); });
            for_strips<kStripBack<V>>(count, [&](Index i, auto wide) {
                activation<wide()>(units, rows, first + i, sums);
            });
        }
    }

    // Gates of some rows, into the places of their gradients.
    template <int kRows>
    static void keep_gates(const Units units, const BackwardRows rows, Index i) {
        using S = Strip<V, kRows>;
        for (Index u = 0; u < units.blocks; ++u) {
            S gates[kGates];
            activate(units.vectors, rows.a + i * rows.width, rows.width, u, gates);
            for (int g = 0; g < kGates; ++g) gates[g].store(rows.da + i * rows.d_row + at(u, g), rows.d_row);
        }
    }

    template <int kRows>
    static void activation(const Units units, const BackwardRows rows, Index i, const Sums sums) {
        using S = Strip<V, kRows>;
        float* dc = rows.dc + i * rows.h_row;
        float* da = rows.da + i * rows.d_row;
        for (Index u = 0; u < units.blocks; ++u) {
            const Index unit = u * V::kLanes;
            S gates[kGates], d[kGates];
            for (int g = 0; g < kGates; ++g) gates[g] = S::load(da + at(u, g), rows.d_row);
            const S c = S::load(rows.c + i * rows.c_row + unit, rows.c_row);
            const S dh = S::load(rows.dh + i * rows.h_row + unit, rows.h_row);
            const S shown = tanh(Lstm::next_cell(gates, c));
            d[Lstm::kOutput] = through_sigmoid(dh * shown, gates[Lstm::kOutput]);
            const S dnext = S::load(dc + unit, rows.h_row) + through_tanh(dh * gates[Lstm::kOutput], shown);
            Lstm::backward(gates, c, dnext, d).store(dc + unit, rows.h_row);
            for (int g = 0; g < kGates; ++g) {
                const V dbias = d[g].sum_with(V::load(sums.bias_x + at(u, g)));
                dbias.store(sums.bias_x + at(u, g));
                dbias.store(sums.bias_h + at(u, g));
                d[g].store(da + at(u, g), rows.d_row);
            }
        }
    }
};

// With kCarries the cell state goes on as its normalisation leaves it.
template <class V, bool kCarries>
struct NormalisedLstm {
    static constexpr int kGates = Lstm::kGates;
    static constexpr bool kSameGradient = false, kHasDirect = false;
    using Split = SplitGates<V, Lstm, 1>;
    using N = typename Split::N;
    using C = Normaliser<V, 1, 1>;  // of the cell state

    static Index at(Index u, int g) { return Split::at(u, g); }

    // Normalised products of one vector of units, and the gates that they make.
    struct Gates {
        V x[kGates], a[kGates], value[kGates];
    };

    static Gates gates_of(const Units& units, const float* x, const float* a, Index u,
                          const typename Split::Row& info) {
        const Packed& p = units.vectors;
        Gates gates;
        V sums[kGates];
        for (int g = 0; g < kGates; ++g) {
            const Index v = at(u, g);
            gates.x[g] = N::normalise(V::load(x + v), g, info.x);
            gates.a[g] = N::normalise(V::load(a + v), g, info.a);
            sums[g] = N::affine(gates.x[g], V::load(p.gain_x + v), V::load(p.bias_x + v)) +
                      N::affine(gates.a[g], V::load(p.gain_h + v), V::load(p.bias_h + v));
        }
        Lstm::activate(sums, gates.value);
        return gates;
    }

    // The next cell state of one row, less its mean.
    struct Inner {
        const Units& units;
        float* centred;
        Scales<1> scale;

        V normal(Index u) const { return C::normalise(V::load(centred + u * V::kLanes), 0, scale); }
        V gain(Index u) const { return V::load(units.vectors.gain_c + u * V::kLanes); }
        V shown(Index u) const {
            return C::affine(normal(u), gain(u), V::load(units.vectors.bias_c + u * V::kLanes));
        }
        void finish(V sum) {
            C::centre(units, centred, sum);
            scale = C::measure(units, [&](Index u, int) { return V::load(centred + u * V::kLanes); });
        }
    };

    static void forward(const Units& units, const ForwardRows& rows) {
        Split::for_chunks(units, rows, [&](Index first, Index count, const typename Split::Row* info) {
            for (Index i = 0; i < count; ++i) forward_row(units, rows, first + i, info[i]);
        });
    }

    static void forward_row(const Units& units, const ForwardRows& rows, Index i,
                            const typename Split::Row& info) {
        float* h = rows.h + i * rows.h_row;
        float* c = rows.c + i * rows.h_row;
        float* output = rows.spare;
        Inner inner{units, rows.spare + units.blocks * V::kLanes, {}};
        V sum = V::zero();
        for (Index u = 0; u < units.blocks; ++u) {
            const Index unit = u * V::kLanes;
            const Gates gates = gates_of(units, rows.x + i * rows.width, rows.a + i * rows.width, u, info);
            const V next = Lstm::next_cell(gates.value, V::load(c + unit));
            gates.value[Lstm::kOutput].store(output + unit);
            next.store(inner.centred + unit);
            if (!kCarries) next.store(c + unit);
            sum = sum + next;
        }
        inner.finish(sum);
        for (Index u = 0; u < units.blocks; ++u) {
            const Index unit = u * V::kLanes;
            const V shown = inner.shown(u);
            if (kCarries) shown.store(c + unit);
            (V::load(output + unit) * tanh(shown)).store(h + unit);
        }
    }

    static void backward(const Units& units, const BackwardRows& rows, const Sums& sums) {
        Split::for_chunks(units, rows, [&](Index first, Index count, typename Split::Row* info) {
            for (Index i = 0; i < count; ++i) activation(units, rows, first + i, info[i], sums);
            for (Index i = 0; i < count; ++i) Split::normalisation(units, rows, first + i, info[i]);
        });
    }

    // One row up to the normalisation of its products.
    static void activation(const Units& units, const BackwardRows& rows, Index i,
                           typename Split::Row& info, const Sums& sums) {
        const float* x = rows.x + i * rows.width;
        const float* a = rows.a + i * rows.width;
        const float* c = rows.c + i * rows.c_row;
        float* dc = rows.dc + i * rows.h_row;
        float* da = rows.da + i * rows.d_row;
        Inner inner{units, rows.spare, {}};
        V sum = V::zero();
        for (Index u = 0; u < units.blocks; ++u) {
            const Gates gates = gates_of(units, x, a, u, info);
            const V next = Lstm::next_cell(gates.value, V::load(c + u * V::kLanes));
            for (int g = 0; g < kGates; ++g) gates.value[g].store(da + at(u, g));
            next.store(inner.centred + u * V::kLanes);
            sum = sum + next;
        }
        inner.finish(sum);
        float* dshown = inner.centred + units.blocks * V::kLanes;
        const Slopes<1> slopes = show(inner, rows.dh + i * rows.h_row, dc, da, dshown, sums);
        using S = Strip<V, 1>;
        const Packed& p = units.vectors;
        SlopeSums<S, kGates, 1> sx, sa;
        for (Index u = 0; u < units.blocks; ++u) {
            const Index unit = u * V::kLanes;
            V gates[kGates], d[kGates];
            for (int g = 0; g < kGates; ++g) gates[g] = V::load(da + at(u, g));
            d[Lstm::kOutput] = gates[Lstm::kOutput];  // its gradient already
            V dnext = C::back(V::load(dshown + unit), inner.normal(u), inner.gain(u), 0, inner.scale, slopes);
            if (!kCarries) dnext = dnext + V::load(dc + unit);
            Lstm::backward(gates, V::load(c + unit), dnext, d).store(dc + unit);
            for (int g = 0; g < kGates; ++g) {
                const Index v = at(u, g);
                const S xn = S::all(N::normalise(V::load(x + v), g, info.x));
                const S an = S::all(N::normalise(V::load(a + v), g, info.a));
                Split::finish(S::all(d[g]), xn, g, p.gain_x + v, sums.gain_x + v, sums.bias_x + v, sx)
                    .store(rows.dx + i * rows.d_row + v, rows.d_row);
                Split::finish(S::all(d[g]), an, g, p.gain_h + v, sums.gain_h + v, sums.bias_h + v, sa)
                    .store(da + v, rows.d_row);
            }
        }
        info.dx = sx.reduce(units, 0);
        info.da = sa.reduce(units, 0);
    }

    // From h' = o tanh(shown) to the gradients of o, in its place among `gates`, and of what is shown.
    static Slopes<1> show(const Inner& inner, const float* dh, const float* dc, float* gates, float* dshown,
                          const Sums& sums) {
        SlopeSums<V, 1, 1> slopes;
        for (Index u = 0; u < inner.units.blocks; ++u) {
            const Index unit = u * V::kLanes;
            float* output = gates + at(u, Lstm::kOutput);
            const V normal = inner.normal(u), t = tanh(inner.shown(u));
            const V o = V::load(output), gradient = V::load(dh + unit);
            V d = through_tanh(gradient * o, t);
            if (kCarries) d = d + V::load(dc + unit);
            through_sigmoid(gradient * t, o).store(output);
            d.store(dshown + unit);
            slopes.add(0, inner.gain(u), d, normal);
            fma(d, normal, V::load(sums.gain_c + unit)).store(sums.gain_c + unit);
            (V::load(sums.bias_c + unit) + d).store(sums.bias_c + unit);
        }
        return slopes.reduce(inner.units);
    }
};

}  // namespace grucli
