#include "layers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>

#include "variants.h"

namespace grucli::check {
namespace {

constexpr Index kSizes[5] = {1, 3, 16, 17, 33};
constexpr Index kSteps[5] = {1, 2, 3, 7, 17};

// 25 sizes, in which any two of B, T, C and H meet in all ways, each with four of the demands; then a
// layer that needs several blocks of every product; then one of more rows than a part has in a forward
// pass; then one where everything is zero.
void add_layers(const Variant& variant, std::vector<Layer>& layers) {
    const auto [cell, norm, precision] = std::tuple(variant.cell, variant.norm, variant.precision);
    for (unsigned i = 0; i < 5; ++i)
        for (unsigned j = 0; j < 5; ++j)
            for (unsigned k = 0; k < 4; ++k)
                layers.push_back({cell, norm, precision, kSteps[i], kSizes[j], kSizes[(i + j) % 5],
                                  kSizes[(i + 2 * j) % 5], demands_of((5 * i + j + 4 * k) % 16)});
    for (unsigned k = 0; k < 4; ++k) layers.push_back({cell, norm, precision, 3, 5, 70, 161, demands_of(3 + 4 * k)});
    layers.push_back({cell, norm, precision, 2, 600, 3, 17, demands_of(6)});
    Demands silent = demands_of(8);
    silent.silent = true;
    layers.push_back({cell, norm, precision, 3, 3, 5, 17, silent});
}

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}

    // Mean 0, variance `deviation` squared: the sum of four even numbers, which any machine forms alike.
    std::vector<float> draw(Index count, float deviation, float mean = 0) {
        std::vector<float> values(static_cast<std::size_t>(count));
        for (float& value : values) {
            double sum = -2;
            for (int i = 0; i < 4; ++i) sum += static_cast<double>(engine_()) / 4294967296.0;
            value = mean + deviation * static_cast<float>(sum * 1.7320508075688772);
        }
        return values;
    }

    std::vector<std::int64_t> draw_lengths(Index count, Index steps) {
        std::vector<std::int64_t> lengths(static_cast<std::size_t>(count));
        const std::uint64_t choices = static_cast<std::uint64_t>(steps) + 1;
        for (std::int64_t& length : lengths) length = static_cast<std::int64_t>(engine_() % choices);
        return lengths;
    }

private:
    std::mt19937 engine_;
};

// Makes what lies beyond the end of every row of [T, B, size] NaN.
void spoil(const Layer& layer, const std::vector<std::int64_t>& lengths, Index size,
           std::vector<float>& values) {
    for (Index t = 0; t < layer.steps; ++t)
        for (Index b = 0; b < layer.batch; ++b)
            if (t >= lengths[static_cast<std::size_t>(b)])
                std::fill_n(values.begin() + (t * layer.batch + b) * size, size,
                            std::numeric_limits<float>::quiet_NaN());
}

void draw_cell_state(const Layer& layer, Random& random, Numbers& n) {
    if (layer.demands.h0) n.c0 = random.draw(layer.batch * layer.hidden, 1);
    if (has_final_gradient(layer)) n.gradient_c_n = random.draw(layer.batch * layer.hidden, 1);
    if (layer.norm == Norm::none) return;
    n.gain_c = random.draw(layer.hidden, 0.3f, 1);
    if (layer.demands.bias) n.bias_c = random.draw(layer.hidden, 0.3f);
}

}  // namespace

Demands demands_of(unsigned number) {
    const bool a = number & 1, b = number & 2, c = number & 4, d = number & 8;
    return {a, b, c, d, (a != b) != c, (b != c) != d, (a != b) != d, (a != c) != d, (a != b) != (c != d), false};
}

std::vector<Layer> all_layers(Precision precision) {
    std::vector<Layer> layers;
    for (const Variant& variant : every_variant(precision)) add_layers(variant, layers);
    return layers;
}

std::string describe(const Layer& layer) {
    const Demands& d = layer.demands;
    std::string text;
    for (const Variant& variant : every_variant(Precision::float32))
        if (variant.cell == layer.cell && variant.norm == layer.norm)
            text = variant.activation + " " + variant.cell_name + " " + variant.norm_name;
    text += " T=" + std::to_string(layer.steps) +
                       " B=" + std::to_string(layer.batch) + " C=" + std::to_string(layer.inputs) +
                       " H=" + std::to_string(layer.hidden);
    const std::pair<bool, const char*> words[] = {
        {d.lengths, "lengths"}, {d.reverse, "reverse"},         {d.h0, "h0"},
        {d.x_gradient, "dx"},   {d.saved_x, "saved_x"},         {d.bias, "bias"},
        {d.silent, "silent"},   {d.batch_first, "batch_first"}, {d.final_only, "final_only"},
        {d.saved_h, "saved_h"}};
    for (const auto& [said, word] : words)
        if (said) text += std::string(" ") + word;
    return text;
}

Numbers numbers_of(const Layer& layer) {
    const Index rows = rows_of(layer), positions = layer.steps * layer.batch;
    const auto fan = [](Index size) { return 1 / std::sqrt(static_cast<float>(size)); };
    Random random(static_cast<unsigned>(positions * 64 + layer.inputs * 8 + layer.hidden));
    Numbers n;
    n.x = random.draw(positions * layer.inputs, layer.demands.silent ? 0.0f : 1.0f);
    n.weight_ih = random.draw(rows * layer.inputs, fan(layer.inputs));
    n.weight_hh = random.draw(rows * layer.hidden, fan(layer.hidden));
    if (layer.demands.h0) n.h0 = random.draw(layer.batch * layer.hidden, 1);
    if (layer.norm != Norm::none) n.gain_x = random.draw(rows, 0.3f, 1);
    if (layer.norm != Norm::none && !normalises_sum(layer)) n.gain_h = random.draw(rows, 0.3f, 1);
    if (layer.demands.bias) n.bias_x = random.draw(rows, 0.3f);
    if (layer.demands.bias && !normalises_sum(layer)) n.bias_h = random.draw(rows, 0.3f);
    if (!layer.demands.final_only) n.gradient_outputs = random.draw(positions * layer.hidden, 1);
    if (has_final_gradient(layer)) n.gradient_h_n = random.draw(layer.batch * layer.hidden, 1);
    if (is_lstm(layer)) draw_cell_state(layer, random, n);
    if (layer.demands.lengths) {
        n.lengths = random.draw_lengths(layer.batch, layer.steps);
        spoil(layer, n.lengths, layer.inputs, n.x);
        if (!n.gradient_outputs.empty()) spoil(layer, n.lengths, layer.hidden, n.gradient_outputs);
    }
    return n;
}

}  // namespace grucli::check
