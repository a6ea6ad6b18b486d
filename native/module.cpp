// The Python face: sizes and addresses by name, checked on the Python side (grucli/nn/native/).
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdlib>
#include <functional>
#include <numeric>

#include "dispatch.h"
#include "layer.h"
#include "memory.h"
#include "stepper.h"
#include "team.h"
#include "tensor_layer.h"
#include "tensor_stepper.h"
#include "variants.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace grucli;

namespace {

using Address = std::uintptr_t;

// A property of a class that is the address of numbers, 0 for none.
template <class Class, class Pointer>
void address(nb::class_<Class>& to, const char* name, Pointer Class::*member) {
    to.def_prop_rw(
        name, [member](const Class& self) { return reinterpret_cast<Address>(self.*member); },
        [member](Class& self, Address value) { self.*member = reinterpret_cast<Pointer>(value); });
}

template <class Float>
void bind_parameters(nb::module_& m, const char* name) {
    using P = Parameters<Float>;
    nb::class_<P> to(m, name);
    to.def(nb::init<>());
    address(to, "weight_ih", &P::weight_ih);
    address(to, "weight_hh", &P::weight_hh);
    address(to, "gain_x", &P::gain_x);
    address(to, "gain_h", &P::gain_h);
    address(to, "bias_x", &P::bias_x);
    address(to, "bias_h", &P::bias_h);
    address(to, "gain_c", &P::gain_c);
    address(to, "bias_c", &P::bias_c);
}

// What goes into a layer and comes out of it, or the gradients of these.
template <class Ends>
void bind_ends(nb::class_<Ends>& to) {
    to.def_rw("parameters", &Ends::parameters);
    to.def_rw("x_step", &Ends::x_step).def_rw("x_row", &Ends::x_row);
    to.def_rw("out_step", &Ends::out_step).def_rw("out_row", &Ends::out_row);
    address(to, "x", &Ends::x);
    address(to, "h0", &Ends::h0);
    address(to, "c0", &Ends::c0);
    address(to, "outputs", &Ends::outputs);
    address(to, "h_n", &Ends::h_n);
    address(to, "c_n", &Ends::c_n);
}

// Problem and Gradient without data, and nothing but zeros in them.
Problem problem_of(const Variant& variant, float epsilon, bool reverse, Index steps, Index batch, Index inputs,
                   Index hidden) {
    Problem p{};
    p.cell = variant.cell, p.norm = variant.norm, p.precision = variant.precision;
    p.epsilon = epsilon, p.reverse = reverse;
    p.steps = steps, p.batch = batch, p.inputs = inputs, p.hidden = hidden;
    return p;
}

void bind_variant(nb::module_& m) {
    nb::enum_<Precision>(m, "Precision")
        .value("float32", Precision::float32)
        .value("bfloat16", Precision::bfloat16);
    nb::class_<Variant>(m, "Variant")
        .def_ro("cell", &Variant::cell_name)
        .def_ro("activation", &Variant::activation)
        .def_ro("layer_norm", &Variant::norm_name)
        .def_ro("precision", &Variant::precision_name)
        .def_prop_ro("has_cell_state",
                     [](const Variant& v) { return has_cell_state(problem_of(v, 1, false, 0, 0, 0, 0)); })
        .def_prop_ro("reads_sum", [](const Variant& v) { return reads_sum(problem_of(v, 1, false, 0, 0, 0, 0)); });
    m.def("variants", &every_variant, "precision"_a);
    m.attr("PAD") = kPad;
    m.attr("RECOMPUTED_INPUTS") = kRecomputedInputs;
    m.attr("RECOMPUTED_HIDDEN") = kRecomputedHidden;
}

void bind_problem(nb::module_& m) {
    nb::class_<Problem> to(m, "Problem");
    to.def(
        "__init__",
        [](Problem* self, const Variant& variant, float epsilon, bool reverse, Index steps, Index batch,
           Index inputs, Index hidden) {
            new (self) Problem(problem_of(variant, epsilon, reverse, steps, batch, inputs, hidden));
        },
        "variant"_a, "epsilon"_a, "reverse"_a, "steps"_a, "batch"_a, "inputs"_a, "hidden"_a);
    bind_ends(to);
    address(to, "saved_h", &Problem::saved_h);
    address(to, "saved_x", &Problem::saved_x);
    address(to, "saved_c", &Problem::saved_c);
}

void bind_gradient(nb::module_& m) {
    nb::class_<Gradient> to(m, "Gradient");
    to.def("__init__", [](Gradient* self) { new (self) Gradient{}; });
    bind_ends(to);
}

void bind_stepper(nb::module_& m) {
    nb::class_<StepRows> rows(m, "StepRows");
    rows.def("__init__", [](StepRows* self, Index batch) { new (self) StepRows{batch, 0, 0, 0, 0, 0, 0}; });
    address(rows, "x", &StepRows::x);
    address(rows, "h0", &StepRows::h0);
    address(rows, "c0", &StepRows::c0);
    address(rows, "output", &StepRows::output);
    address(rows, "h_n", &StepRows::h_n);
    address(rows, "c_n", &StepRows::c_n);
    nb::class_<TensorStepper>(m, "Stepper")
        .def(
            "__init__",
            [](TensorStepper* self, const Variant& variant, float epsilon, Index inputs, Index hidden,
               const nb::list& names, const nb::tuple& kinds) {
                new (self) TensorStepper(problem_of(variant, epsilon, false, 1, 0, inputs, hidden), names, kinds);
            },
            "variant"_a, "epsilon"_a, "inputs"_a, "hidden"_a, "names"_a, "kinds"_a)
        .def("step", [](TensorStepper& self, const StepRows& rows, const std::vector<Weights>& weights,
                        int threads) {
            const nb::gil_scoped_release unlocked;
            self.step(rows, weights, threads);
        })
        .def("step_tensors", &TensorStepper::step_tensors, "parameters"_a, "x"_a, "state"_a.none(), "threads"_a);
}

void bind_layer(nb::module_& m) {
    const auto rule = [](const Variant& variant, float epsilon, bool reverse) {
        return problem_of(variant, epsilon, reverse, 0, 0, 0, 0);
    };
    nb::class_<TensorLayer>(m, "Layer")
        .def(nb::init<const nb::tuple&>(), "kinds"_a)
        .def("forward",
             [rule](const TensorLayer& self, const Variant& variant, float epsilon, bool reverse,
                    const nb::tuple& tensors, Address lengths, bool save, int threads) {
                 return self.forward(rule(variant, epsilon, reverse), tensors, lengths, save, threads);
             })
        .def("backward",
             [rule](const TensorLayer& self, const Variant& variant, float epsilon, bool reverse,
                    const nb::tuple& tensors, Address lengths, const nb::tuple& results, bool needs_x, int threads) {
                 return self.backward(rule(variant, epsilon, reverse), tensors, lengths, results, needs_x, threads);
             });
}

// A float32 tensor whose memory returns to the store when the last reference to it goes.
auto empty(const std::vector<std::size_t>& shape) {
    const auto count = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    float* data = take_floats(count);
    nb::capsule owner(data, [](void* floats) noexcept { give_floats(static_cast<float*>(floats)); });
    return nb::ndarray<nb::pytorch, float>(data, shape.size(), shape.data(), owner);
}

}  // namespace

NB_MODULE(_native, m) {
    nb::set_leak_warnings(false);  // Python's modules keep variants until it ends
    bind_variant(m);
    bind_parameters<const float>(m, "Parameters");
    bind_parameters<float>(m, "ParameterGradients");
    bind_problem(m);
    bind_gradient(m);
    bind_stepper(m);
    bind_layer(m);
    m.def("forward", [](const Problem& problem, Address lengths, int threads) {
        const nb::gil_scoped_release unlocked;
        run_forward(problem, reinterpret_cast<const std::int64_t*>(lengths), threads);
    });
    m.def("backward", [](const Problem& problem, const Gradient& gradient, Address lengths, int threads) {
        const nb::gil_scoped_release unlocked;
        run_backward(problem, gradient, reinterpret_cast<const std::int64_t*>(lengths), threads);
    });
    m.def(
        "multiply_add",
        [](Index rounds, int threads) {
            const nb::gil_scoped_release unlocked;
            return run_multiply_add(rounds, threads);
        },
        "rounds"_a, "threads"_a);
    m.def("empty", &empty, "shape"_a);
    m.def("team", &team_name);
    // What os.environ says, in a tenth of the time.
    m.def("environment", [](const char* name) -> const char* { return std::getenv(name); });
    m.def("limit_threads", &limit_threads);
    m.def("expect_pass", &expect_pass);
    m.def("instruction_sets", &instruction_sets, "precision"_a = Precision::float32);
    m.def("instruction_set", &instruction_set, "precision"_a = Precision::float32);
    m.def("use_instruction_set", &use_instruction_set);
}
