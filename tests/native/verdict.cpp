#include "verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace grucli::check {
namespace {

constexpr long kShown = 30;

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

// The first wrong place of an array and the count of all.
struct Wrong {
    std::size_t count = 0, first = 0;

    void note(std::size_t index) {
        if (count++ == 0) first = index;
    }
};

// "gradient of x[3,0,16]: got 1, expected 2 (why); 1 of 40 differ"
template <class Real>
std::string sentence(const Array<float>& array, const Wrong& wrong, const std::vector<float>& got,
                     const std::vector<Real>& expected, const std::string& why) {
    std::string index;
    std::size_t left = wrong.first;
    for (auto size = array.shape.rbegin(); size != array.shape.rend(); ++size) {
        const std::size_t length = static_cast<std::size_t>(*size);
        index = std::to_string(left % length) + (index.empty() ? "" : ",") + index;
        left /= length;
    }
    const double found = static_cast<double>(got[wrong.first]);
    const double wanted = static_cast<double>(expected[wrong.first]);
    return std::string(array.name) + "[" + index + "]: got " + number(found) + ", expected " +
           number(wanted) + " " + why + "; " + std::to_string(wrong.count) + " of " +
           std::to_string(got.size()) + " differ";
}

double allowed_error(const std::vector<double>& exact, Precision precision) {
    double largest = 1;
    for (double value : exact) largest = std::max(largest, std::fabs(value));
    return (precision == Precision::float32 ? kTolerance : kRoundedTolerance) * largest;
}

}  // namespace

void Verdict::expect_close(const Place& place, const Results<float>& got, const Results<double>& exact) {
    const auto arrays = arrays_of<float>(place.layer);
    const auto exact_arrays = arrays_of<double>(place.layer);
    for (std::size_t k = 0; k < arrays.size(); ++k) {
        const std::vector<float>& found = got.*arrays[k].member;
        const std::vector<double>& truth = exact.*exact_arrays[k].member;
        const double allowed = allowed_error(truth, place.layer.precision);
        Wrong wrong;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const double error = std::fabs(static_cast<double>(found[i]) - truth[i]);
            if (!(error <= allowed)) wrong.note(i);
            if (error > worst_ * allowed) {
                worst_ = error / allowed;
                worst_place_ = place.words + ": " + arrays[k].name;
            }
        }
        expect(wrong.count == 0, place,
               wrong.count ? sentence(arrays[k], wrong, found, truth, "within " + number(allowed)) : "");
    }
}

void Verdict::expect_same(const Place& place, const Results<float>& got, const Results<float>& expected,
                          std::size_t arrays) {
    const auto all = arrays_of<float>(place.layer);
    for (std::size_t k = 0; k < arrays; ++k) {
        const std::vector<float>& found = got.*all[k].member;
        const std::vector<float>& other = expected.*all[k].member;
        Wrong wrong;
        for (std::size_t i = 0; i < found.size(); ++i)
            if (std::memcmp(&found[i], &other[i], sizeof(float)) != 0) wrong.note(i);
        expect(wrong.count == 0, place,
               wrong.count ? sentence(all[k], wrong, found, other, "in the same bytes") : "");
    }
}

void Verdict::expect(bool holds, const Place& place, const std::string& otherwise) {
    ++checks_;
    if (holds) return;
    if (++failures_ <= kShown) std::printf("FAIL %s: %s\n", place.words.c_str(), otherwise.c_str());
    if (failures_ == kShown) std::printf("FAIL: more will only be counted\n");
}

int Verdict::conclude() const {
    std::printf("%ld checks, %ld passed, %ld failed\n", checks_, checks_ - failures_, failures_);
    if (worst_ > 0)
        std::printf("largest error %.2g of what is allowed, %s\n", worst_, worst_place_.c_str());
    return failures_ > 0 || checks_ == 0 ? 1 : 0;
}

}  // namespace grucli::check
