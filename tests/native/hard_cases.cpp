#include "hard_cases.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "kernel_run.h"
#include "team.h"
#include "variants.h"

namespace grucli::check {
namespace {

constexpr Demands kAsked = {false, false, true, true, false, true, false, false, true, false};

bool finite(const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

// Gates a thousand units from zero: exponents out of range, slopes of exactly zero.
void check_saturation(const std::string& set, const Layer& layer, Verdict& verdict) {
    Numbers numbers = numbers_of(layer);
    for (auto* parameter : {&numbers.weight_ih, &numbers.weight_hh, &numbers.gain_x, &numbers.gain_h,
                            &numbers.bias_x, &numbers.bias_h, &numbers.gain_c, &numbers.bias_c})
        for (float& value : *parameter) value *= 1e4f;
    const Results<float> results = run_kernel(layer, numbers, 1);
    for (const Array<float>& array : arrays_of<float>(layer))
        verdict.expect(finite(results.*array.member), {set + ": " + describe(layer) + ", saturated", layer},
                       std::string(array.name) + " is not finite");
}

// A NaN in one row of x stays in that row.
void check_nan(const std::string& set, const Layer& layer, Verdict& verdict) {
    Numbers numbers = numbers_of(layer);
    const Index bad = layer.batch / 2;
    numbers.x[static_cast<std::size_t>(bad * layer.inputs)] = std::numeric_limits<float>::quiet_NaN();
    const Results<float> results = run_inference(layer, numbers, 1);
    const Place place{set + ": " + describe(layer) + ", NaN in row " + std::to_string(bad), layer};
    for (Index i = 0; i < layer.steps * layer.batch * layer.hidden; ++i) {
        const bool is_bad = i / layer.hidden % layer.batch == bad;
        const float value = results.outputs[static_cast<std::size_t>(i)];
        verdict.expect(std::isnan(value) == is_bad, place,
                       "outputs, number " + std::to_string(i) + ": got " + std::to_string(value));
    }
}

// Two callers share the threads and the memory, and wake the threads for passes that do not come.
void check_two_callers(const std::string& set, const Layer& layer, Verdict& verdict) {
    constexpr int kThreads = 3;
    const Numbers numbers = numbers_of(layer);
    const Results<float> expected = run_kernel(layer, numbers, kThreads);
    Results<float> other;
    std::thread caller([&] {
        rouse(kThreads);
        other = run_kernel(layer, numbers, kThreads);
        rouse(kThreads);
    });
    rouse(kThreads);
    const Results<float> mine = run_kernel(layer, numbers, kThreads);
    caller.join();
    const std::string words = set + ": " + describe(layer) + ", two callers";
    verdict.expect_same({words + ", first", layer}, mine, expected, kAllArrays);
    verdict.expect_same({words + ", second", layer}, other, expected, kAllArrays);
}

// Fewer threads than parts: each takes several, and no byte changes.
void check_limit(const std::string& set, const Layer& layer, Verdict& verdict) {
    constexpr int kThreads = 3;
    const Numbers numbers = numbers_of(layer);
    const Results<float> expected = run_kernel(layer, numbers, kThreads);
    for (int most = 1; most < kThreads; ++most) {
        limit_threads(most);
        const std::string words = set + ": " + describe(layer) + ", at most " + std::to_string(most);
        verdict.expect_same({words + " of 3 threads", layer}, run_kernel(layer, numbers, kThreads), expected,
                            kAllArrays);
    }
    limit_threads(0);
}

void check_steps(const std::string& set, const Layer& layer, Verdict& verdict) {
    const Numbers numbers = numbers_of(layer);
    const Results<float> steps = run_steps(layer, numbers, 1);
    const Place place{set + ": " + describe(layer) + ", step by step", layer};
    verdict.expect_same(place, steps, run_inference(layer, numbers, 1), kInferenceArrays);
}

}  // namespace

void check_hard_cases(const std::string& set, Precision precision, Verdict& verdict) {
    for (const Variant& variant : every_variant(precision)) {
        const Cell cell = variant.cell;
        const Norm norm = variant.norm;
        check_saturation(set, {cell, norm, precision, 3, 2, 4, 6, kAsked}, verdict);
        check_steps(set, {cell, norm, precision, 4, 5, 3, 17, kAsked}, verdict);
        check_nan(set, {cell, norm, precision, 4, 5, 3, 17, kAsked}, verdict);
        check_limit(set, {cell, norm, precision, 2, 600, 3, 17, kAsked}, verdict);
        for (unsigned number = 0; number < 16; number += 3) {
            check_two_callers(set, {cell, norm, precision, 7, 33, 16, 33, demands_of(number)}, verdict);
            check_limit(set, {cell, norm, precision, 7, 33, 16, 33, demands_of(number)}, verdict);
        }
    }
}

}  // namespace grucli::check
