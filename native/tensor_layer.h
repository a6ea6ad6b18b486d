// A whole layer that takes the tensors themselves: nothing of a call runs in Python.
#pragma once

#include <algorithm>

#include "exchange.h"
#include "layer.h"

namespace grucli {

class TensorLayer {
public:
    // `kinds` are the types of tensors to take.
    explicit TensorLayer(const nanobind::tuple& kinds) : exchange_(kinds) {}

    // Outputs, final state and what is kept for the gradient, None for what there is none of; None alone where
    // a tensor is not dense float32 numbers of the right shape on the CPU. `tensors` are x, the parameters, h
    // and c, None where there is none and for a state of zeros; `rule` says the cell, its norm, its epsilon and the direction.
    nanobind::object forward(const Problem& rule, const nanobind::tuple& tensors, std::uintptr_t lengths, bool save,
                             int threads) const {
        namespace nb = nanobind;
        Problem p = rule;
        if (!read(tensors, p)) return nb::none();
        expect_pass(p.steps, p.batch, width_of(p) * (p.inputs + p.hidden), threads);
        const SavedShapes saved(p, save);
        const nb::object output = make({p.steps, p.batch, p.hidden}, &p.outputs);
        p.out_step = p.batch * p.hidden, p.out_row = p.hidden;
        const nb::object h_n = make({p.batch, p.hidden}, &p.h_n);
        const nb::object c_n = make({has_cell_state(p) ? p.batch : 0, p.hidden}, &p.c_n);
        const nb::object saved_h = make(saved.h, &p.saved_h), saved_x = make(saved.x, &p.saved_x),
                         saved_c = make(saved.c, &p.saved_c);
        {
            const nb::gil_scoped_release unlocked;
            run_forward(p, reinterpret_cast<const std::int64_t*>(lengths), threads);
        }
        return nb::make_tuple(output, h_n, c_n, saved_h, saved_x, saved_c);
    }

    // A gradient for each tensor, of x only if `needs_x`; None where there is none. `results` are the outputs,
    // what was kept, and the gradients of outputs, h_n and c_n, which may be None.
    nanobind::object backward(const Problem& rule, const nanobind::tuple& tensors, std::uintptr_t lengths,
                              const nanobind::tuple& results, bool needs_x, int threads) const {
        namespace nb = nanobind;
        Problem p = rule;
        Gradient gradient{};
        if (!read(tensors, p) || !read_results(results, p, gradient)) return nb::none();
        expect_pass(p.steps, p.batch, width_of(p) * (p.inputs + p.hidden), threads);
        const Shape none{0}, x{p.steps, p.batch, p.inputs}, state{p.batch, p.hidden};
        nb::list made;
        made.append(make(needs_x ? x : none, &gradient.x));
        gradient.x_step = p.batch * p.inputs, gradient.x_row = p.inputs;
        if (needs_x && lengths) std::fill_n(gradient.x, x.count(), 0.0f);
        for (std::size_t k = 0; k < kParameters; ++k)
            made.append(make(p.parameters.*kParameter<const float>[k] ? parameter_shape(p, k) : none,
                                       &(gradient.parameters.*kParameter<float>[k])));
        made.append(make(p.h0 ? state : none, &gradient.h0));
        made.append(make(p.c0 ? state : none, &gradient.c0));
        {
            const nb::gil_scoped_release unlocked;
            run_backward(p, gradient, reinterpret_cast<const std::int64_t*>(lengths), threads);
        }
        return made;
    }

private:
    // Sizes, addresses and strides; false also for empty ones, and for a single unit, of which no
    // stride tells a view that torch would have to negate.
    bool read(const nanobind::tuple& tensors, Problem& p) const {
        dlpack::Tensor x, weight_hh;
        if (!exchange_.usable() || tensors.size() != kParameters + 3 || !exchange_.view_rows(tensors[0], &x) ||
            !exchange_.view(tensors[2], 2, &weight_hh))
            return false;
        p.steps = x.shape[0], p.batch = x.shape[1], p.inputs = x.shape[2], p.hidden = weight_hh.shape[1];
        if (p.steps * p.batch * p.inputs == 0 || p.hidden < 2) return false;
        p.x = Exchange::address(x), p.x_step = x.strides[0], p.x_row = x.strides[1];
        for (std::size_t k = 0; k < kParameters; ++k)
            if (!exchange_.find(tensors[k + 1], parameter_shape(p, k), &(p.parameters.*kParameter<const float>[k])))
                return false;
        const Shape state{p.batch, p.hidden};
        return p.parameters.weight_ih && exchange_.find(tensors[kParameters + 1], state, &p.h0) &&
               exchange_.find(tensors[kParameters + 2], state, &p.c0) &&
               (p.c0 != nullptr) == (p.h0 && has_cell_state(p));
    }

    bool read_results(const nanobind::tuple& results, Problem& p, Gradient& gradient) const {
        if (results.size() != 7) return false;
        const Shape outputs{p.steps, p.batch, p.hidden}, state{p.batch, p.hidden};
        const SavedShapes saved(p, true);
        if (!has(results[0], outputs, &p.outputs) || !has(results[1], saved.h, &p.saved_h) ||
            !has(results[2], saved.x, &p.saved_x) || !has(results[3], saved.c, &p.saved_c))
            return false;
        p.out_step = p.batch * p.hidden, p.out_row = p.hidden;
        if (!results[4].is_none()) {
            dlpack::Tensor given;
            if (!exchange_.view_rows(results[4], &given) || !std::equal(given.shape, given.shape + 3, outputs.of.begin()))
                return false;
            gradient.outputs = Exchange::address(given);
            gradient.out_step = given.strides[0], gradient.out_row = given.strides[1];
        }
        return exchange_.find(results[5], state, &gradient.h_n) && exchange_.find(results[6], state, &gradient.c_n);
    }

    // Finds what has to be there, and nothing where nothing has to.
    bool has(nanobind::handle object, const Shape& shape, float** to) const {
        return exchange_.find(object, shape, to) && (*to != nullptr) == (shape.count() > 0);
    }

    nanobind::object make(const Shape& shape, float** to) const {
        if (shape.count() > 0) return exchange_.make(shape, to);
        *to = nullptr;
        return nanobind::none();
    }

    Exchange exchange_;
};

}  // namespace grucli
