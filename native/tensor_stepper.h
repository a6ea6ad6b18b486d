// A stepper that takes the tensors themselves, and parameters by name: nothing of a step runs in Python.
#pragma once

#include <array>
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
        std::int64_t shape[3] = {static_cast<std::int64_t>(weights.size()), rows.batch, shape_.hidden};
        nb::object output = exchange_.make(shape + 1, 2, &rows.output), h_n = exchange_.make(shape, 3, &rows.h_n);
        nb::object c_n = has_cell_state(shape_) ? exchange_.make(shape, 3, &rows.c_n) : nb::object();
        {
            const nb::gil_scoped_release unlocked;
            step(rows, weights, threads);
        }
        if (!c_n) return nb::make_tuple(output, h_n);
        return nb::make_tuple(output, nb::make_tuple(h_n, c_n));
    }

private:
    bool find_weights(const nanobind::dict& parameters, std::vector<Weights>& weights) const {
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const Index rows = gates_of(shape_) * shape_.hidden, inputs = i == 0 ? shape_.inputs : shape_.hidden;
            const std::array<Index, 8> counts{rows, rows, rows, rows, rows, rows, shape_.hidden, shape_.hidden};
            const std::array<Index, 2> columns{inputs, shape_.hidden};
            const std::array<const float**, 8> members{
                &weights[i].weight_ih, &weights[i].weight_hh, &weights[i].gain_x, &weights[i].gain_h,
                &weights[i].bias_x,    &weights[i].bias_h,    &weights[i].gain_c, &weights[i].bias_c};
            PyObject* const names = PyList_GET_ITEM(names_.ptr(), static_cast<Py_ssize_t>(i));
            for (std::size_t k = 0; k < members.size(); ++k) {
                PyObject* const name = PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(k));
                if (name == Py_None) continue;
                PyObject* const tensor = PyDict_GetItemWithError(parameters.ptr(), name);
                dlpack::Tensor found;
                if (!tensor || !exchange_.view(tensor, k < 2 ? 2 : 1, &found)) return false;
                if (found.shape[0] != counts[k] || (k < 2 && found.shape[1] != columns[k])) return false;
                *members[k] = Exchange::address(found);
            }
        }
        return true;
    }

    bool find_state(nanobind::handle state, StepRows& rows) const {
        if (state.is_none()) return true;
        if (!has_cell_state(shape_)) return find_part(state, rows.batch, &rows.h0);
        if (!PyTuple_Check(state.ptr()) || PyTuple_GET_SIZE(state.ptr()) != 2) return false;
        return find_part(PyTuple_GET_ITEM(state.ptr(), 0), rows.batch, &rows.h0) &&
               find_part(PyTuple_GET_ITEM(state.ptr(), 1), rows.batch, &rows.c0);
    }

    bool find_part(nanobind::handle part, Index batch, const float** to) const {
        dlpack::Tensor found;
        if (!exchange_.view(part, 3, &found) || found.shape[0] != static_cast<std::int64_t>(names_.size()) ||
            found.shape[1] != batch || found.shape[2] != shape_.hidden)
            return false;
        *to = Exchange::address(found);
        return true;
    }

    Problem shape_;
    nanobind::list names_;
    Exchange exchange_;
};

}  // namespace grucli
