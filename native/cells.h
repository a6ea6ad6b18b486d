// The gate equations of one vector of units: z keeps the old state, h' = z h + (1 - z) n.
#pragma once

#include "functions.h"

namespace grucli {

// Gradient of a pre-activation, from that of the activation.
template <class V>
GRUCLI_INLINE V through_sigmoid(V gradient, V s) { return gradient * nfma(s, s, s); }
template <class V>
GRUCLI_INLINE V through_tanh(V gradient, V t) { return nfma(gradient * t, t, gradient); }

// x and q are the finished input and recurrent parts of the gates r, z, n.
struct Gru {
    static constexpr int kGates = 3;

    template <class V>
    static GRUCLI_INLINE void activate(const V* x, const V* q, V* gates) {
        gates[0] = sigmoid(x[0] + q[0]);
        gates[1] = sigmoid(x[1] + q[1]);
        gates[2] = tanh(fma(gates[0], q[2], x[2]));
    }

    template <class V>
    static GRUCLI_INLINE V next(const V* gates, V h) { return fma(gates[1], h - gates[2], gates[2]); }

    // Returns the gradient that reaches h directly.
    template <class V>
    static GRUCLI_INLINE V backward(const V* gates, const V* q, V h, V dh, V* dx, V* dq) {
        const V r = gates[0], z = gates[1], n = gates[2];
        const V direct = dh * z;
        dx[2] = through_tanh(dh - direct, n);
        dx[1] = dq[1] = through_sigmoid(dh * (h - n), z);
        dx[0] = dq[0] = through_sigmoid(dx[2] * q[2], r);
        dq[2] = dx[2] * r;
        return direct;
    }
};

// The gates from one normalised sum c of both parts: n = tanh(r c_n).
struct JointGru {
    static constexpr int kGates = 3;

    template <class V>
    static GRUCLI_INLINE V forward(const V* c, V h) {
        const V z = sigmoid(c[1]);
        const V n = tanh(sigmoid(c[0]) * c[2]);
        return fma(z, h - n, n);
    }

    template <class V>
    static GRUCLI_INLINE V backward(const V* c, V h, V dh, V* dc) {
        const V r = sigmoid(c[0]);
        const V z = sigmoid(c[1]);
        const V n = tanh(r * c[2]);
        const V direct = dh * z;
        const V inner = through_tanh(dh - direct, n);
        dc[2] = inner * r;
        dc[1] = through_sigmoid(dh * (h - n), z);
        dc[0] = through_sigmoid(inner * c[2], r);
        return direct;
    }
};

// The gates i, f, g, o, of their finished sums.
struct Lstm {
    static constexpr int kGates = 4;
    static constexpr int kInput = 0, kForget = 1, kCell = 2, kOutput = 3;

    template <class V>
    static GRUCLI_INLINE void activate(const V* sums, V* gates) {
        gates[kInput] = sigmoid(sums[kInput]);
        gates[kForget] = sigmoid(sums[kForget]);
        gates[kCell] = tanh(sums[kCell]);
        gates[kOutput] = sigmoid(sums[kOutput]);
    }

    template <class V>
    static GRUCLI_INLINE V next_cell(const V* gates, V c) {
        return fma(gates[kForget], c, gates[kInput] * gates[kCell]);
    }

    // From the gradient of the next cell state to those of the sums, but the output gate's; returns that
    // of the cell state before.
    template <class V>
    static GRUCLI_INLINE V backward(const V* gates, V c, V dc, V* d) {
        d[kInput] = through_sigmoid(dc * gates[kCell], gates[kInput]);
        d[kForget] = through_sigmoid(dc * c, gates[kForget]);
        d[kCell] = through_tanh(dc * gates[kInput], gates[kCell]);
        return dc * gates[kForget];
    }
};

// What a plain network makes of its sum, and the gradient of the sum from that of the value.
struct Tanh {
    template <class V>
    static GRUCLI_INLINE V of(V sum) { return tanh(sum); }
    template <class V>
    static GRUCLI_INLINE V back(V gradient, V value) { return through_tanh(gradient, value); }
};
struct Relu {
    template <class V>
    static GRUCLI_INLINE V of(V sum) { return maximum(V::zero(), sum); }
    template <class V>
    static GRUCLI_INLINE V back(V gradient, V value) { return where_positive(value, gradient); }
};

template <class Activation>
struct Rnn {
    static constexpr int kGates = 1;

    template <class V>
    static GRUCLI_INLINE void activate(const V* x, const V* q, V* gates) { gates[0] = Activation::of(x[0] + q[0]); }

    template <class V>
    static GRUCLI_INLINE V next(const V* gates, V) { return gates[0]; }

    template <class V>
    static GRUCLI_INLINE V backward(const V* gates, const V*, V, V dh, V* dx, V* dq) {
        dx[0] = dq[0] = Activation::back(dh, gates[0]);
        return V::zero();
    }
};

template <class Activation>
struct JointRnn {
    static constexpr int kGates = 1;

    template <class V>
    static GRUCLI_INLINE V forward(const V* c, V) { return Activation::of(c[0]); }

    template <class V>
    static GRUCLI_INLINE V backward(const V* c, V, V dh, V* dc) {
        dc[0] = Activation::back(dh, Activation::of(c[0]));
        return V::zero();
    }
};

}  // namespace grucli
