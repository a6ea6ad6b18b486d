// The layers that are checked: every cell, normalisation and odd size, with random numbers in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problem.h"

namespace grucli::check {

// What a layer is asked for beside its sizes.
struct Demands {
    bool lengths;      // rows end on their own; what lies beyond is NaN
    bool reverse;      // from the last step to the first
    bool h0;           // an initial state is given
    bool x_gradient;   // the gradient of x is asked for
    bool saved_x;      // the forward pass keeps x W
    bool bias;         // there are biases
    bool batch_first;  // x, outputs and their gradients lie as [B, T, ...]
    bool final_only;   // the loss sees the final state alone; else the outputs, and it now and then
    bool saved_h;      // the forward pass keeps h U
    bool silent;       // all inputs are zero
};

struct Layer {
    Cell cell;
    Norm norm;
    Precision precision;
    Index steps, batch, inputs, hidden;
    Demands demands;
};

// Rows of the stacked parameters.
inline Index rows_of(const Layer& layer) {
    return (layer.cell == Cell::lstm ? 4 : layer.cell == Cell::gru ? 3 : 1) * layer.hidden;
}

inline bool is_lstm(const Layer& layer) { return layer.cell == Cell::lstm; }

// Everything that a layer gives back, [T, B, ...] or as the parameters lie; empty where there is none.
template <class Real>
struct Results {
    std::vector<Real> outputs, h_n, c_n, x, h0, c0, weight_ih, weight_hh;
    std::vector<Real> gain_x, gain_h, bias_x, bias_h, gain_c, bias_c;
};

template <class Real>
struct Array {
    const char* name;
    std::vector<Real> Results<Real>::*member;
    std::vector<Index> shape;
};

// The first three are there in inference too, the first six belong to one row of the batch each.
constexpr std::size_t kInferenceArrays = 3, kRowArrays = 6, kAllArrays = 14;

template <class Real>
std::vector<Array<Real>> arrays_of(const Layer& layer) {
    using R = Results<Real>;
    const Index rows = rows_of(layer);
    return {{"outputs", &R::outputs, {layer.steps, layer.batch, layer.hidden}},
            {"h_n", &R::h_n, {layer.batch, layer.hidden}},
            {"c_n", &R::c_n, {layer.batch, layer.hidden}},
            {"gradient of x", &R::x, {layer.steps, layer.batch, layer.inputs}},
            {"gradient of h0", &R::h0, {layer.batch, layer.hidden}},
            {"gradient of c0", &R::c0, {layer.batch, layer.hidden}},
            {"gradient of weight_ih", &R::weight_ih, {rows, layer.inputs}},
            {"gradient of weight_hh", &R::weight_hh, {rows, layer.hidden}},
            {"gradient of gain_x", &R::gain_x, {rows}},
            {"gradient of gain_h", &R::gain_h, {rows}},
            {"gradient of bias_x", &R::bias_x, {rows}},
            {"gradient of bias_h", &R::bias_h, {rows}},
            {"gradient of gain_c", &R::gain_c, {layer.hidden}},
            {"gradient of bias_c", &R::bias_c, {layer.hidden}}};
}

// What goes in; laid out as in Results, empty where the layer has none.
struct Numbers {
    std::vector<float> x, h0, c0, weight_ih, weight_hh, gain_x, gain_h, bias_x, bias_h, gain_c, bias_c;
    std::vector<float> gradient_outputs, gradient_h_n, gradient_c_n;
    std::vector<std::int64_t> lengths;
};

// Demands number 0 to 15: any three of the first eight meet in all eight ways.
Demands demands_of(unsigned number);

std::vector<Layer> all_layers(Precision precision);
std::string describe(const Layer& layer);

// The same numbers for the same layer on every machine.
Numbers numbers_of(const Layer& layer);

// Two units differ by next to nothing now and then, and a cell state that is drawn to one size again
// and again doubles differences; a small epsilon makes a cliff of that, where float and double part ways.
inline float epsilon_of(const Layer& layer) {
    return layer.hidden <= 3 || layer.norm == Norm::split_state ? 0.1f : 1e-5f;
}

inline bool normalises_sum(const Layer& layer) {
    return layer.norm == Norm::sum || layer.norm == Norm::sum_joint;
}

// Whether a loss of the final state (of an lstm both parts) is added to one of the outputs.
inline bool has_final_gradient(const Layer& layer) {
    return layer.demands.final_only || layer.batch % 2 == 1;
}

}  // namespace grucli::check
