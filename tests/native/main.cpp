// Checks the kernel against plain loops in double precision, without Python: for sanitizers, and for
// machines that are only emulated.
//
//     check_native             every layer and the hard cases on every instruction set of this machine
//     check_native avx2 17     layer 17, as a failure names it, on one instruction set
//     check_native avx2 hard   the hard cases: for ThreadSanitizer, which is slow
#include <algorithm>
#include <cstdio>

#include "dispatch.h"
#include "hard_cases.h"
#include "kernel_run.h"
#include "reference.h"
#include "team.h"
#include "verdict.h"

namespace grucli::check {
namespace {

constexpr int kThreads = 3;

void check_layer(const std::string& words, const Layer& layer, const Numbers& numbers,
                 const Results<double>& exact, Verdict& verdict) {
    const Results<float> alone = run_kernel(layer, numbers, 1);
    const Results<float> together = run_kernel(layer, numbers, kThreads);
    const Results<float> again = run_kernel(layer, numbers, kThreads);
    const Results<float> inferred = run_inference(layer, numbers, kThreads);
    verdict.expect_close({words + ", 1 thread", layer}, alone, exact);
    verdict.expect_close({words + ", 3 threads", layer}, together, exact);
    verdict.expect_same({words + ", 3 threads and 1", layer}, together, alone, kRowArrays);
    verdict.expect_same({words + ", 3 threads twice", layer}, again, together, kAllArrays);
    verdict.expect_same({words + ", inference", layer}, inferred, alone, kInferenceArrays);
}

using Sets = std::vector<std::string>;

std::string joined(const Sets& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

void check_layers(const Sets& sets, Precision precision, const std::string& only, Verdict& verdict) {
    const std::vector<Layer> layers = all_layers(precision);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!only.empty() && only != std::to_string(i)) continue;
        const Numbers numbers = numbers_of(layers[i]);
        const Results<double> exact = reference(layers[i], numbers);
        for (const std::string& set : sets) {
            use_instruction_set(set);
            const std::string words = set + " " + std::to_string(i) + ": " + describe(layers[i]);
            check_layer(words, layers[i], numbers, exact, verdict);
        }
    }
}

// Those of the machine for a precision, or of them the one that is asked for.
Sets sets_of(Precision precision, const std::string& asked) {
    const Sets sets = instruction_sets(precision);
    if (asked.empty()) return sets;
    return std::find(sets.begin(), sets.end(), asked) == sets.end() ? Sets{} : Sets{asked};
}

// `asked` is empty for every instruction set; `only` for everything, the number of a layer, or "hard".
int check(const std::string& asked, const std::string& only) {
    Verdict verdict;
    for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
        const Sets sets = sets_of(precision, asked);
        if (only != "hard") check_layers(sets, precision, only, verdict);
        for (const std::string& set : sets) {
            if (!only.empty() && only != "hard") break;
            use_instruction_set(set);
            check_hard_cases(set, precision, verdict);
        }
        if (!sets.empty()) std::printf("%s; ", joined(sets).c_str());
    }
    std::printf("threads of the %s: ", team_name());
    return verdict.conclude();
}

}  // namespace
}  // namespace grucli::check

int main(int count, char** words) {
    return grucli::check::check(count > 1 ? words[1] : "", count > 2 ? words[2] : "");
}
