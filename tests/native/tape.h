// Numbers in double precision that remember what they were made of, so that gradients follow from
// the equations alone: reverse differentiation.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace grucli::check {

class Tape {
public:
    // A number made of `a` and `b`, with its slopes along them; one made of nothing has slopes 0.
    std::uint32_t push(double value, std::uint32_t a = 0, double to_a = 0, std::uint32_t b = 0,
                       double to_b = 0) {
        entries_.push_back({value, 0, to_a, to_b, a, b});
        return static_cast<std::uint32_t>(entries_.size() - 1);
    }

    double value(std::uint32_t at) const { return entries_[at].value; }
    double gradient(std::uint32_t at) const { return entries_[at].gradient; }
    void add_gradient(std::uint32_t at, double gradient) { entries_[at].gradient += gradient; }

    // Hands every gradient on to what its number was made of, newest first, down to `kept`.
    void pull_back(std::uint32_t kept) {
        for (std::size_t i = entries_.size(); i > kept; --i) {
            const Entry& entry = entries_[i - 1];
            entries_[entry.a].gradient += entry.gradient * entry.to_a;
            entries_[entry.b].gradient += entry.gradient * entry.to_b;
        }
    }

    std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
    void forget_beyond(std::uint32_t kept) { entries_.resize(kept); }

private:
    struct Entry {
        double value, gradient, to_a, to_b;
        std::uint32_t a, b;
    };
    std::vector<Entry> entries_;
};

struct Number {
    Tape* tape;
    std::uint32_t at;

    double value() const { return tape->value(at); }
};

inline Number constant(Tape& tape, double value) { return {&tape, tape.push(value)}; }

inline Number operator+(Number a, Number b) {
    return {a.tape, a.tape->push(a.value() + b.value(), a.at, 1, b.at, 1)};
}
inline Number operator-(Number a, Number b) {
    return {a.tape, a.tape->push(a.value() - b.value(), a.at, 1, b.at, -1)};
}
inline Number operator*(Number a, Number b) {
    return {a.tape, a.tape->push(a.value() * b.value(), a.at, b.value(), b.at, a.value())};
}
inline Number operator*(Number a, double factor) {
    return {a.tape, a.tape->push(a.value() * factor, a.at, factor)};
}
inline Number sigmoid(Number a) {
    const double s = 1 / (1 + std::exp(-a.value()));
    return {a.tape, a.tape->push(s, a.at, s * (1 - s))};
}
inline Number tanh(Number a) {
    const double t = std::tanh(a.value());
    return {a.tape, a.tape->push(t, a.at, 1 - t * t)};
}
inline Number relu(Number a) {
    return {a.tape, a.tape->push(a.value() > 0 ? a.value() : 0, a.at, a.value() > 0 ? 1 : 0)};
}
// 1 / sqrt(a + epsilon)
inline Number inverse_root(Number a, double epsilon) {
    const double root = 1 / std::sqrt(a.value() + epsilon);
    return {a.tape, a.tape->push(root, a.at, -0.5 * root * root * root)};
}

}  // namespace grucli::check
