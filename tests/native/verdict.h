// Compares arrays, says what differs so that it can be found, and counts.
#pragma once

#include <string>

#include "layers.h"

namespace grucli::check {

// What one array may differ by: this share of its largest number, or of 1 where all are smaller. Factors
// rounded to bfloat16 may turn a relu's gradient; tests/test_bfloat16.py holds them to a loop that rounds
// too, and here they have to be numbers of a likely size.
constexpr double kTolerance = 1e-4, kRoundedTolerance = 2;

// Who was asked for what, in the words of a failure.
struct Place {
    std::string words;
    const Layer& layer;
};

class Verdict {
public:
    // Both expect equal arrays, within kTolerance or byte for byte in the first `arrays` of them.
    void expect_close(const Place& place, const Results<float>& got, const Results<double>& exact);
    void expect_same(const Place& place, const Results<float>& got, const Results<float>& expected,
                     std::size_t arrays);

    void expect(bool holds, const Place& place, const std::string& otherwise);

    // Prints the counts; the exit status.
    int conclude() const;

private:
    long checks_ = 0, failures_ = 0;
    double worst_ = 0;  // error as a share of what is allowed
    std::string worst_place_;
};

}  // namespace grucli::check
