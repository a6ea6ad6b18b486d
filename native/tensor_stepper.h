// A stepper that takes the tensors themselves, and parameters by name: nothing of a step runs in Python.
#pragma once

#include <vector>

#include "exchange.h"
#include "stepper.h"

namespace grucli {

class TensorStepper : public Stepper {
public:
    // `names` has for each layer those of its parameters in the order of Weights, None where it has
    // none; `kinds` are the types of tensors to take.
    TensorStepper(const Problem& shape, const nanobind::list& names, const nanobind::tuple& kinds)
        : Stepper(shape, static_cast<Index>(names.size())), shape_(shape), names_(names), exchange_(kinds) {}

    // The output and the parts of the next state; None where a tensor is not dense float32 numbers of
    // the right shape on the CPU. `state` is a tensor, a tuple of them, or None for zeros.
    nanobind::object step_tensors(const nanobind::dict& parameters, nanobind::handle x,
                                  nanobind::handle state, int threads) {
        namespace nb = nanobind;
        dlpack::Tensor rows_of_x;
        if (!exchange_.usable() || !exchange_.view(x, 2, &rows_of_x) || rows_of_x.shape[1] != shape_.inputs) return nb::none();
        StepRows rows{};
        rows.batch = static_cast<Index>(rows_of_x.shape[0]);
        rows.x = Exchange::address(rows_of_x);
        std::vector<Weights> weights(names_.size());
        if (!find_weights(parameters, weights) || !find_state(state, rows)) return nb::none();
        const nb::object output = exchange_.make({rows.batch, shape_.hidden}, &rows.output);
        const Shape state_shape = shape_of_state(rows.batch);
        const nb::object h_n = exchange_.make(state_shape, &rows.h_n);
        const nb::object c_n = has_cell_state(shape_) ? exchange_.make(state_shape, &rows.c_n) : nb::object();
        {
            const nb::gil_scoped_release unlocked;
            step(rows, weights, threads);
        }
        if (!c_n) return nb::make_tuple(output, h_n);
        return nb::make_tuple(output, nb::make_tuple(h_n, c_n));
    }

private:
    bool find_weights(const nanobind::dict& parameters, std::vector<Weights>& weights) const {
        Problem p = shape_;
        for (std::size_t i = 0; i < weights.size(); ++i, p.inputs = p.hidden) {
            PyObject* const names = PyList_GetItem(names_.ptr(), static_cast<Py_ssize_t>(i));
            for (std::size_t k = 0; k < kParameters; ++k) {
                PyObject* const name = PyTuple_GetItem(names, static_cast<Py_ssize_t>(k));
                if (name == Py_None) continue;
                PyObject* const tensor = PyDict_GetItemWithError(parameters.ptr(), name);
                const float** const to = &(weights[i].*kParameter<const float>[k]);
                if (!tensor || !exchange_.find(tensor, parameter_shape(p, k), to) || !*to) return false;
            }
        }
        return true;
    }

    bool find_state(nanobind::handle state, StepRows& rows) const {
        if (state.is_none()) return true;
        const Shape shape = shape_of_state(rows.batch);
        if (!has_cell_state(shape_)) return exchange_.find(state, shape, &rows.h0);
        if (!PyTuple_Check(state.ptr()) || PyTuple_Size(state.ptr()) != 2) return false;
        return exchange_.find(PyTuple_GetItem(state.ptr(), 0), shape, &rows.h0) && rows.h0 &&
               exchange_.find(PyTuple_GetItem(state.ptr(), 1), shape, &rows.c0) && rows.c0;
    }

    Shape shape_of_state(Index batch) const {
        return {static_cast<std::int64_t>(names_.size()), batch, shape_.hidden};
    }

    Problem shape_;
    nanobind::list names_;
    Exchange exchange_;
};

}  // namespace grucli
