#include "reference.h"

#include "tape.h"

namespace grucli::check {
namespace {

using Vector = std::vector<Number>;

std::size_t size_of(Index size) { return static_cast<std::size_t>(size); }

class Loop {
public:
    Loop(const Layer& layer, const Numbers& numbers) : layer_(layer), numbers_(numbers) {
        constant(tape_, 0);  // what leaves point to
        for (auto [from, to] :
             {std::pair{&numbers.weight_ih, &weight_ih_}, {&numbers.weight_hh, &weight_hh_},
              {&numbers.gain_x, &gain_x_}, {&numbers.gain_h, &gain_h_},
              {&numbers.bias_x, &bias_x_}, {&numbers.bias_h, &bias_h_},
              {&numbers.gain_c, &gain_c_}, {&numbers.bias_c, &bias_c_}})
            *to = leaves(from->data(), static_cast<Index>(from->size()));
        results_.outputs.resize(size_of(layer.steps * layer.batch * layer.hidden));
        results_.h_n.resize(size_of(layer.batch * layer.hidden));
        results_.h0.resize(results_.h_n.size());
        if (is_lstm(layer)) results_.c_n.resize(results_.h_n.size());
        results_.c0.resize(results_.c_n.size());
        if (layer.demands.x_gradient) results_.x.resize(numbers.x.size());
    }

    // Rows do not know each other: one after the other, on the same tape behind the parameters.
    Results<double> run() {
        const std::uint32_t parameters = tape_.size();
        for (Index row = 0; row < layer_.batch; ++row) {
            run_row(row, parameters);
            tape_.forget_beyond(parameters);
        }
        results_.weight_ih = gradients(weight_ih_), results_.weight_hh = gradients(weight_hh_);
        results_.gain_x = gradients(gain_x_), results_.gain_h = gradients(gain_h_);
        results_.bias_x = gradients(bias_x_), results_.bias_h = gradients(bias_h_);
        results_.gain_c = gradients(gain_c_), results_.bias_c = gradients(bias_c_);
        return results_;
    }

private:
    void run_row(Index row, std::uint32_t parameters) {
        const Index length = numbers_.lengths.empty() ? layer_.steps : numbers_.lengths[size_of(row)];
        const std::vector<float> zeros(size_of(layer_.hidden));
        const Index inputs = layer_.inputs, hidden = layer_.hidden, first = row * hidden;
        const auto start = [&](const std::vector<float>& from) {
            return leaves(from.empty() ? zeros.data() : from.data() + first, hidden);
        };
        const Vector h0 = start(numbers_.h0), c0 = start(numbers_.c0);
        Vector h = h0, c = c0;
        std::vector<Vector> x(size_of(length));
        for (Index step = 0; step < length; ++step) {
            const Index t = layer_.demands.reverse ? length - 1 - step : step;
            const Index place = t * layer_.batch + row;
            x[size_of(t)] = leaves(numbers_.x.data() + place * inputs, inputs);
            h = is_lstm(layer_) ? lstm(x[size_of(t)], h, c) : next_state(x[size_of(t)], h);
            keep_values(h, results_.outputs, place * hidden);
            seed(h, numbers_.gradient_outputs, place * hidden);
        }
        keep_values(h, results_.h_n, first);
        seed(h, numbers_.gradient_h_n, first);
        seed(c, numbers_.gradient_c_n, first);
        tape_.pull_back(parameters);
        keep_gradients(h0, results_.h0, first);
        if (is_lstm(layer_)) keep_values(c, results_.c_n, first), keep_gradients(c0, results_.c0, first);
        for (Index t = 0; t < length && layer_.demands.x_gradient; ++t)
            keep_gradients(x[size_of(t)], results_.x, (t * layer_.batch + row) * inputs);
    }

    Vector next_state(const Vector& x, const Vector& h) const {
        Vector p = product(weight_ih_, x), q = product(weight_hh_, h);
        if (!normalises_sum(layer_)) {
            p = normalised(p, gain_x_, bias_x_), q = normalised(q, gain_h_, bias_h_);
            return layer_.cell == Cell::gru ? gru(p, q, h) : activated(added(p, q));
        }
        if (layer_.cell != Cell::gru) return activated(normalised(added(p, q), gain_x_, bias_x_));
        return layer_.norm == Norm::sum ? gru_of_sums(p, q, h) : gru_of_one_sum(p, q, h);
    }

    // The next h; c becomes the next cell state.
    Vector lstm(const Vector& x, const Vector& h, Vector& c) const {
        const Vector sums = added(normalised(product(weight_ih_, x), gain_x_, bias_x_),
                                  normalised(product(weight_hh_, h), gain_h_, bias_h_));
        const std::size_t hidden = h.size();
        for (std::size_t j = 0; j < hidden; ++j) {
            const Number in = sigmoid(sums[j]) * tanh(sums[2 * hidden + j]);
            c[j] = sigmoid(sums[hidden + j]) * c[j] + in;
        }
        const Vector shown = layer_.norm == Norm::none ? c : normalised(c, gain_c_, bias_c_);
        if (layer_.norm == Norm::split_state) c = shown;
        Vector next;
        for (std::size_t j = 0; j < hidden; ++j)
            next.push_back(sigmoid(sums[3 * hidden + j]) * tanh(shown[j]));
        return next;
    }

    Vector gru(const Vector& p, const Vector& q, const Vector& h) const {
        const std::size_t hidden = h.size();
        Vector next;
        for (std::size_t j = 0; j < hidden; ++j) {
            const Number r = sigmoid(p[j] + q[j]);
            const Number z = sigmoid(p[hidden + j] + q[hidden + j]);
            const Number n = tanh(p[2 * hidden + j] + r * q[2 * hidden + j]);
            next.push_back(n + z * (h[j] - n));
        }
        return next;
    }

    Vector gru_of_one_sum(const Vector& p, const Vector& q, const Vector& h) const {
        const Vector c = normalised(added(p, q), gain_x_, bias_x_);
        const std::size_t hidden = h.size();
        Vector next;
        for (std::size_t j = 0; j < hidden; ++j) {
            const Number n = tanh(sigmoid(c[j]) * c[2 * hidden + j]);
            next.push_back(n + sigmoid(c[hidden + j]) * (h[j] - n));
        }
        return next;
    }

    Vector gru_of_sums(const Vector& p, const Vector& q, const Vector& h) const {
        const std::size_t hidden = h.size();
        Vector sums = added(p, q);
        const Vector gates = normalised(sums, gain_x_, bias_x_);  // right for r and z
        for (std::size_t j = 0; j < hidden; ++j)
            sums[2 * hidden + j] = p[2 * hidden + j] + sigmoid(gates[j]) * q[2 * hidden + j];
        const Vector candidate = normalised(sums, gain_x_, bias_x_);  // right for n
        Vector next;
        for (std::size_t j = 0; j < hidden; ++j) {
            const Number n = tanh(candidate[2 * hidden + j]);
            next.push_back(n + sigmoid(gates[hidden + j]) * (h[j] - n));
        }
        return next;
    }

    // Layer normalisation of every block of rows, gain and bias, as far as the layer has them.
    Vector normalised(Vector a, const Vector& gain, const Vector& bias) const {
        std::size_t first = 0;
        for (const std::size_t size : blocks(a.size())) {
            normalise(a, first, size);
            first += size;
        }
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (!gain.empty()) a[i] = a[i] * gain[i];
            if (!bias.empty()) a[i] = a[i] + bias[i];
        }
        return a;
    }

    void normalise(Vector& a, std::size_t first, std::size_t size) const {
        const double share = 1 / static_cast<double>(size);
        Number mean = a[first] * share;
        for (std::size_t i = first + 1; i < first + size; ++i) mean = mean + a[i] * share;
        for (std::size_t i = first; i < first + size; ++i) a[i] = a[i] - mean;
        Number variance = a[first] * a[first] * share;
        for (std::size_t i = first + 1; i < first + size; ++i)
            variance = variance + a[i] * a[i] * share;
        const Number scale = inverse_root(variance, static_cast<double>(epsilon_of(layer_)));
        for (std::size_t i = first; i < first + size; ++i) a[i] = a[i] * scale;
    }

    // How many rows share one mean and one variance.
    std::vector<std::size_t> blocks(std::size_t rows) const {
        if (layer_.norm == Norm::none) return {};
        const bool together = layer_.norm == Norm::split || layer_.norm == Norm::sum_joint;
        if (layer_.cell != Cell::gru || together) return {rows};
        if (layer_.norm == Norm::ba2016) return {2 * rows / 3, rows / 3};
        return {rows / 3, rows / 3, rows / 3};
    }

    static Vector product(const Vector& weight, const Vector& from) {
        Vector to;
        for (std::size_t row = 0; row < weight.size(); row += from.size()) {
            Number sum = weight[row] * from[0];
            for (std::size_t k = 1; k < from.size(); ++k) sum = sum + weight[row + k] * from[k];
            to.push_back(sum);
        }
        return to;
    }

    static Vector added(const Vector& a, const Vector& b) {
        Vector sum;
        for (std::size_t i = 0; i < a.size(); ++i) sum.push_back(a[i] + b[i]);
        return sum;
    }

    Vector activated(Vector a) const {
        for (Number& number : a) number = layer_.cell == Cell::relu_rnn ? relu(number) : tanh(number);
        return a;
    }

    Vector leaves(const float* values, Index count) {
        Vector result;
        for (Index i = 0; i < count; ++i)
            result.push_back(constant(tape_, static_cast<double>(values[i])));
        return result;
    }

    // The loss is the sum of everything times its `weights`.
    void seed(const Vector& numbers, const std::vector<float>& weights, Index first) {
        for (std::size_t i = 0; i < numbers.size() && !weights.empty(); ++i)
            tape_.add_gradient(numbers[i].at, static_cast<double>(weights[size_of(first) + i]));
    }

    void keep_values(const Vector& numbers, std::vector<double>& to, Index first) const {
        for (std::size_t i = 0; i < numbers.size(); ++i) to[size_of(first) + i] = numbers[i].value();
    }

    void keep_gradients(const Vector& numbers, std::vector<double>& to, Index first) const {
        for (std::size_t i = 0; i < numbers.size(); ++i)
            to[size_of(first) + i] = tape_.gradient(numbers[i].at);
    }

    std::vector<double> gradients(const Vector& numbers) const {
        std::vector<double> result(numbers.size());
        keep_gradients(numbers, result, 0);
        return result;
    }

    const Layer& layer_;
    const Numbers& numbers_;
    Tape tape_;
    Vector weight_ih_, weight_hh_, gain_x_, gain_h_, bias_x_, bias_h_, gain_c_, bias_c_;
    Results<double> results_;
};

}  // namespace

Results<double> reference(const Layer& layer, const Numbers& numbers) { return Loop(layer, numbers).run(); }

}  // namespace grucli::check
