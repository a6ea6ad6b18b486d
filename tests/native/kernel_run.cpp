#include "kernel_run.h"

#include <limits>

#include "layer.h"
#include "stepper.h"

namespace grucli::check {
namespace {

using Floats = std::vector<float>;

Floats unset(Index count) {
    return Floats(static_cast<std::size_t>(count), std::numeric_limits<float>::quiet_NaN());
}

const float* or_null(const Floats& floats) { return floats.empty() ? nullptr : floats.data(); }
float* or_null(Floats& floats) { return floats.empty() ? nullptr : floats.data(); }

// Swaps the first two axes of [first, second, size].
Floats swapped(const Floats& from, Index first, Index second) {
    Floats to(from.size());
    const std::size_t size = from.size() / static_cast<std::size_t>(first * second);
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::size_t row = i / size, rows = static_cast<std::size_t>(second);
        to[(row % rows * static_cast<std::size_t>(first) + row / rows) * size + i % size] = from[i];
    }
    return to;
}

class Run {
public:
    Run(const Layer& layer, const Numbers& numbers, int threads)
        : layer_(layer), numbers_(numbers), threads_(threads), x_(laid_out(numbers.x)) {
        problem_.cell = layer.cell, problem_.norm = layer.norm, problem_.epsilon = epsilon_of(layer);
        problem_.precision = layer.precision, problem_.reverse = layer.demands.reverse;
        problem_.steps = layer.steps, problem_.batch = layer.batch;
        problem_.inputs = layer.inputs, problem_.hidden = layer.hidden;
        problem_.x = x_.data();
        stride(layer.inputs, problem_.x_step, problem_.x_row);
        problem_.parameters = {numbers.weight_ih.data(), numbers.weight_hh.data(), or_null(numbers.gain_x),
                               or_null(numbers.gain_h),  or_null(numbers.bias_x),  or_null(numbers.bias_h),
                               or_null(numbers.gain_c),  or_null(numbers.bias_c)};
        problem_.h0 = or_null(numbers.h0), problem_.c0 = or_null(numbers.c0);
        results_.outputs = unset(layer.steps * layer.batch * layer.hidden);
        results_.h_n = unset(layer.batch * layer.hidden);
        if (is_lstm(layer)) results_.c_n = unset(layer.batch * layer.hidden);
        problem_.outputs = results_.outputs.data(), problem_.h_n = results_.h_n.data();
        problem_.c_n = or_null(results_.c_n);
        stride(layer.hidden, problem_.out_step, problem_.out_row);
    }

    void forward() { run_forward(problem_, lengths(), threads_); }

    void step_by_step() {
        Stepper stepper(problem_, 1);
        const std::vector<Weights> weights{problem_.parameters};
        const float *state = problem_.h0, *cell = problem_.c0;
        for (Index t = 0; t < layer_.steps; ++t) {
            float* const outputs = problem_.outputs + t * problem_.out_step;
            const float* const x = problem_.x + t * problem_.x_step;
            stepper.step({layer_.batch, x, state, cell, outputs, problem_.h_n, problem_.c_n}, weights, threads_);
            state = outputs, cell = problem_.c_n;
        }
    }

    void keep_products() {
        const Index count = layer_.steps * layer_.batch * width_of(problem_);
        if (layer_.demands.saved_h || reads_sum(problem_)) {
            saved_h_ = unset(count);
            problem_.saved_h = saved_h_.data();
        }
        if (is_lstm(layer_)) {
            saved_c_ = unset(layer_.steps * layer_.batch * padded(layer_.hidden));
            problem_.saved_c = saved_c_.data();
        }
        if (!layer_.demands.saved_x) return;
        saved_x_ = unset(count);
        problem_.saved_x = saved_x_.data();
    }

    void backward() {
        const Floats gradient_outputs = laid_out(numbers_.gradient_outputs);
        Gradient gradient{};
        gradient.outputs = or_null(gradient_outputs);
        stride(layer_.hidden, gradient.out_step, gradient.out_row);
        gradient.h_n = or_null(numbers_.gradient_h_n), gradient.c_n = or_null(numbers_.gradient_c_n);
        if (layer_.demands.x_gradient) {
            // What lies beyond a row's length is the caller's to set.
            const Index count = static_cast<Index>(numbers_.x.size());
            results_.x = lengths() ? Floats(numbers_.x.size()) : unset(count);
            gradient.x = results_.x.data();
            stride(layer_.inputs, gradient.x_step, gradient.x_row);
        }
        results_.h0 = unset(layer_.batch * layer_.hidden);
        if (is_lstm(layer_)) results_.c0 = unset(layer_.batch * layer_.hidden);
        gradient.h0 = results_.h0.data(), gradient.c0 = or_null(results_.c0);
        Parameters<float>& to = gradient.parameters;
        to.weight_ih = like(numbers_.weight_ih, results_.weight_ih);
        to.weight_hh = like(numbers_.weight_hh, results_.weight_hh);
        to.gain_x = like(numbers_.gain_x, results_.gain_x), to.gain_h = like(numbers_.gain_h, results_.gain_h);
        to.bias_x = like(numbers_.bias_x, results_.bias_x), to.bias_h = like(numbers_.bias_h, results_.bias_h);
        to.gain_c = like(numbers_.gain_c, results_.gain_c), to.bias_c = like(numbers_.bias_c, results_.bias_c);
        run_backward(problem_, gradient, lengths(), threads_);
    }

    Results<float> results() {
        if (layer_.demands.batch_first) {
            results_.outputs = swapped(results_.outputs, layer_.batch, layer_.steps);
            results_.x = swapped(results_.x, layer_.batch, layer_.steps);
        }
        return results_;
    }

private:
    const std::int64_t* lengths() const {
        return numbers_.lengths.empty() ? nullptr : numbers_.lengths.data();
    }

    // From [T, B, ...] to where this layer has it.
    Floats laid_out(const Floats& from) const {
        return layer_.demands.batch_first ? swapped(from, layer_.steps, layer_.batch) : from;
    }

    void stride(Index size, Index& step, Index& row) const {
        step = size * (layer_.demands.batch_first ? 1 : layer_.batch);
        row = size * (layer_.demands.batch_first ? layer_.steps : 1);
    }

    static float* like(const Floats& parameter, Floats& gradient) {
        gradient = unset(static_cast<Index>(parameter.size()));
        return or_null(gradient);
    }

    const Layer& layer_;
    const Numbers& numbers_;
    int threads_;
    Floats x_, saved_h_, saved_x_, saved_c_;
    Problem problem_{};
    Results<float> results_;
};

}  // namespace

Results<float> run_kernel(const Layer& layer, const Numbers& numbers, int threads) {
    Run run(layer, numbers, threads);
    run.keep_products();
    run.forward();
    run.backward();
    return run.results();
}

Results<float> run_inference(const Layer& layer, const Numbers& numbers, int threads) {
    Run run(layer, numbers, threads);
    run.forward();
    return run.results();
}

Results<float> run_steps(const Layer& layer, const Numbers& numbers, int threads) {
    Run run(layer, numbers, threads);
    run.step_by_step();
    return run.results();
}

}  // namespace grucli::check
