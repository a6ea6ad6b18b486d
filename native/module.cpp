// The Python face: plain addresses and sizes, checked on the Python side (grucli/nn/native/).
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <numeric>

#include "dispatch.h"
#include "layer.h"
#include "memory.h"
#include "stepper.h"
#include "team.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace grucli;

namespace {

using Address = std::uintptr_t;
using Strides = std::array<Index, 2>;  // of time and of the batch, in floats

float* at(Address address) { return reinterpret_cast<float*>(address); }

// A float32 tensor whose memory returns to the store when the last reference to it goes.
auto empty(const std::vector<std::size_t>& shape) {
    const auto count = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    float* data = take_floats(count);
    nb::capsule owner(data, [](void* floats) noexcept { give_floats(static_cast<float*>(floats)); });
    return nb::ndarray<nb::pytorch, float>(data, shape.size(), shape.data(), owner);
}

// x, weight_ih, weight_hh, gain_x, gain_h, bias_x, bias_h, h0, outputs, h_n, saved_h, saved_x
using ProblemAddresses = std::array<Address, 12>;

Problem problem_of(int cell, int norm, float epsilon, bool reverse, std::array<Index, 4> sizes,
                   const ProblemAddresses& a, Strides x, Strides outputs) {
    Problem p{};
    p.cell = static_cast<Cell>(cell);
    p.norm = static_cast<Norm>(norm);
    p.epsilon = epsilon;
    p.reverse = reverse;
    p.steps = sizes[0], p.batch = sizes[1], p.inputs = sizes[2], p.hidden = sizes[3];
    p.x = at(a[0]), p.x_step = x[0], p.x_row = x[1];
    p.weight_ih = at(a[1]), p.weight_hh = at(a[2]);
    p.gain_x = at(a[3]), p.gain_h = at(a[4]), p.bias_x = at(a[5]), p.bias_h = at(a[6]);
    p.h0 = at(a[7]);
    p.outputs = at(a[8]), p.out_step = outputs[0], p.out_row = outputs[1];
    p.h_n = at(a[9]), p.saved_h = at(a[10]), p.saved_x = at(a[11]);
    return p;
}

// outputs, h_n, x, weight_ih, weight_hh, gain_x, gain_h, bias_x, bias_h, h0
using GradientAddresses = std::array<Address, 10>;

Gradient gradient_of(const GradientAddresses& a, Strides outputs, Strides x) {
    return {at(a[0]), outputs[0], outputs[1], at(a[1]), at(a[2]), x[0],     x[1],
            at(a[3]), at(a[4]),   at(a[5]),   at(a[6]), at(a[7]), at(a[8]), at(a[9])};
}

// Without data: what the layers of a stepper have in common, and the sizes of the first.
Problem shape_of(int cell, int norm, float epsilon, std::array<Index, 2> sizes) {
    return problem_of(cell, norm, epsilon, false, {1, 0, sizes[0], sizes[1]}, {}, {}, {});
}

// x, h0, output, h_n
using RowAddresses = std::array<Address, 4>;

StepRows rows_of(Index batch, const RowAddresses& a) {
    return {batch, at(a[0]), at(a[1]), at(a[2]), at(a[3])};
}

std::vector<Weights> weights_of(const std::vector<Address>& addresses) {
    std::vector<Weights> weights(addresses.size() / Weights{}.size());
    for (std::size_t i = 0; i < weights.size() * Weights{}.size(); ++i)
        weights[i / Weights{}.size()][i % Weights{}.size()] = at(addresses[i]);
    return weights;
}

}  // namespace

NB_MODULE(_native, m) {
    m.def("forward", [](const Problem& problem, Address lengths, int threads) {
        const nb::gil_scoped_release unlocked;
        run_forward(problem, reinterpret_cast<const std::int64_t*>(lengths), threads);
    });
    m.def("backward", [](const Problem& problem, const Gradient& gradient, Address lengths, int threads) {
        const nb::gil_scoped_release unlocked;
        run_backward(problem, gradient, reinterpret_cast<const std::int64_t*>(lengths), threads);
    });
    nb::class_<Problem>(m, "Problem")
        .def("__init__", [](Problem* self, int cell, int norm, float epsilon, bool reverse,
                            std::array<Index, 4> sizes, const ProblemAddresses& addresses, Strides x,
                            Strides outputs) {
            new (self) Problem(problem_of(cell, norm, epsilon, reverse, sizes, addresses, x, outputs));
        });
    nb::class_<Gradient>(m, "Gradient")
        .def("__init__", [](Gradient* self, const GradientAddresses& addresses, Strides outputs, Strides x) {
            new (self) Gradient(gradient_of(addresses, outputs, x));
        });
    nb::class_<Stepper>(m, "Stepper")
        .def("__init__", [](Stepper* self, int cell, int norm, float epsilon, std::array<Index, 2> sizes,
                            Index layers) {
            new (self) Stepper(shape_of(cell, norm, epsilon, sizes), layers);
        })
        .def("step", [](Stepper& self, Index batch, const RowAddresses& rows,
                        const std::vector<Address>& weights, int threads) {
            const nb::gil_scoped_release unlocked;
            self.step(rows_of(batch, rows), weights_of(weights), threads);
        });
    m.def("empty", &empty, "shape"_a);
    m.def("team", &team_name);
    m.def("limit_threads", &limit_threads);
    m.def("instruction_sets", &instruction_sets);
    m.def("instruction_set", &instruction_set);
    m.def("use_instruction_set", &use_instruction_set);
}
