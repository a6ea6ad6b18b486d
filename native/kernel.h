// Builds a Kernel for one class of products: picks the variant once, outside all loops.
#pragma once

#include "gates_joint.h"
#include "gates_lstm.h"
#include "gates_sum.h"
#include "peak.h"
#include "sequence_back.h"

namespace grucli {

template <class V, class Use>
void with_gru_gates(const Problem& p, Use use) {
    switch (p.norm) {
        case Norm::none: return use(SplitGates<V, Gru, 0>());
        case Norm::split: return use(SplitGates<V, Gru, 1>());
        case Norm::ba2016: return use(SplitGates<V, Gru, 2>());
        case Norm::sum: return use(SumGates<V>());
        case Norm::sum_joint: return use(JointGates<V, JointGru>());
        default: return;
    }
}

template <class V, class Activation, class Use>
void with_rnn_gates(const Problem& p, Use use) {
    switch (p.norm) {
        case Norm::none: return use(SplitGates<V, Rnn<Activation>, 0>());
        case Norm::split:
        case Norm::ba2016: return use(SplitGates<V, Rnn<Activation>, 1>());
        case Norm::sum:
        case Norm::sum_joint: return use(JointGates<V, JointRnn<Activation>>());
        default: return;
    }
}

template <class V, class Use>
void with_lstm_gates(const Problem& p, Use use) {
    switch (p.norm) {
        case Norm::none: return use(PlainLstm<V>());
        case Norm::split:
        case Norm::ba2016: return use(NormalisedLstm<V, false>());
        case Norm::split_state: return use(NormalisedLstm<V, true>());
        default: return;
    }
}

// Calls `use` with the gate arithmetic that the problem asks for.
template <class V, class Use>
void with_gates(const Problem& p, Use use) {
    switch (p.cell) {
        case Cell::gru: return with_gru_gates<V>(p, use);
        case Cell::rnn: return with_rnn_gates<V, Tanh>(p, use);
        case Cell::relu_rnn: return with_rnn_gates<V, Relu>(p, use);
        case Cell::lstm: return with_lstm_gates<V>(p, use);
    }
}

template <class P>
void forward_part(const Problem& p, const Packed& packed, const Part& part) {
    with_gates<typename P::Vec>(p, [&](auto gates) { Sequence<P, decltype(gates)>::forward(p, packed, part); });
}

template <class P>
void backward_part(const Problem& p, const Gradient& gradient, const Packed& packed, const Part& part,
                   const Sums& sums) {
    with_gates<typename P::Vec>(p, [&](auto gates) {
        SequenceBack<P, decltype(gates)>{p, gradient, packed, part, sums}.run();
    });
}

// P is Float32 (pack.h) of a vector type, or a class like it.
template <class P>
Kernel kernel_of(const char* name) {
    using V = typename P::Vec;
    return {name, P::kPrecision, V::kLanes, pack<P>, forward_part<P>, backward_part<P>, multiply_add<V>};
}

}  // namespace grucli
