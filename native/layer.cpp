#include "layer.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "dispatch.h"
#include "sequence_back.h"
#include "team.h"
#include "traps.h"

namespace grucli {
namespace {

// Rows sorted by length, longest first, so that the rows alive at any step are the first ones.
struct Schedule {
    std::vector<Index> order, live;

    Schedule(Problem& p, const std::int64_t* lengths) {
        if (!lengths) return;
        order.resize(p.batch);
        live.assign(p.steps, 0);
        std::iota(order.begin(), order.end(), Index{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](Index a, Index b) { return lengths[a] > lengths[b]; });
        for (Index i = 0; i < p.batch; ++i)
            for (Index t = 0; t < lengths[i]; ++t) ++live[t];
        p.order = order.data();
        p.live = live.data();
    }
};

// Where each part begins, and the last one's end: equal shares of the steps to compute.
std::vector<Index> shares(const Problem& p, const std::int64_t* lengths, Index parts) {
    const auto length = [&](Index position) { return lengths ? lengths[p.order[position]] : p.steps; };
    Index total = 0, done = 0;
    for (Index i = 0; i < p.batch; ++i) total += length(i);
    std::vector<Index> starts{0};
    for (Index i = 0; i < p.batch && static_cast<Index>(starts.size()) < parts; ++i) {
        if (i > 0 && done >= total * static_cast<Index>(starts.size()) / parts) starts.push_back(i);
        done += length(i);
    }
    starts.resize(parts + 1, p.batch);
    return starts;
}

int parts_for(Index steps, Index batch, Index weights, int threads) {
    const double operations = 2.0 * static_cast<double>(batch * steps * weights);
    return static_cast<int>(std::clamp<Index>(batch, 1, threads_for(operations, threads)));
}

int parts_for(const Problem& p, int threads) {
    return parts_for(p.steps, p.batch, width_of(p) * (p.hidden + p.inputs), threads);
}

// Parts of a forward pass, in which no row's bytes depend on the parting: as many for each thread as keep
// the rows of a step in cache.
int forward_parts_for(const Problem& p, int threads) {
    constexpr Index kMostRows = 256;
    const Index parts = parts_for(p, threads);
    return static_cast<int>(parts * std::max<Index>(1, (p.batch + parts * kMostRows - 1) / (parts * kMostRows)));
}

// Hands out pieces of one block of memory, each on a cache line of its own.
class Pieces {
public:
    explicit Pieces(float* data) : data_(data) {}
    float* take(Index count) {
        float* piece = data_;
        data_ += padded(count);
        forbid(data_, kFence);
        data_ += kFence;
        return piece;
    }

private:
    float* data_;
};

Index packed_size(const Problem& p, Index parts) {
    constexpr Index kPieces = 11;
    return width_of(p) * (2 * padded(p.inputs) + padded(depth_of(p)) + padded(p.hidden) + 4) + 2 * padded(p.hidden) +
           parts * 2 * means_stride(p) + kPieces * kFence;
}

Packed lay_out_packed(const Problem& p, Index parts, Pieces& pieces) {
    const Index width = width_of(p), inputs = padded(p.inputs), hidden = padded(p.hidden);
    Packed packed;
    packed.input = pieces.take(width * inputs);
    packed.hidden = pieces.take(width * padded(depth_of(p)));
    packed.input_back = pieces.take(width * inputs);
    packed.hidden_back = pieces.take(width * hidden);
    for (float** vector : {&packed.gain_x, &packed.gain_h, &packed.bias_x, &packed.bias_h})
        *vector = pieces.take(width);
    for (float** vector : {&packed.gain_c, &packed.bias_c}) *vector = pieces.take(hidden);
    packed.means = pieces.take(parts * 2 * means_stride(p));
    return packed;
}

Index sums_size(const Problem& p) {
    return width_of(p) * (padded(p.inputs) + padded(p.hidden)) + vectors_size(p);
}

// All in one piece, so that it can be filled at once.
Sums lay_out_sums(const Problem& p, float* data) {
    const Index width = width_of(p);
    Sums sums;
    sums.weight_ih = data;
    sums.weight_hh = sums.weight_ih + width * padded(p.inputs);
    lay_out_vectors(p, sums.weight_hh + width * padded(p.hidden), sums);
    return sums;
}

// Gradients of one vector of rows of a parameter [gates * H, columns], from sums [columns, width] that
// begin at `place`. Those of all threads are added in the order of the parts: the same bytes for the
// same number of threads. Sixteen columns at a time are read and written while they are in cache.
struct Slice {
    const std::vector<Sums>& sums;
    Index place, width, count;

    void collect(float* Sums::*member, Index columns, float* to) const {
        for (Index first = 0; first < columns; first += kPad)
            for (Index j = 0; j < count; ++j)
                for (Index k = first; k < std::min(columns, first + kPad); ++k)
                    to[j * columns + k] = sum(member, k * width + place + j);
    }

    float sum(float* Sums::*member, Index at) const {
        float result = (sums[0].*member)[at];
        for (std::size_t i = 1; i < sums.size(); ++i) result += (sums[i].*member)[at];
        return result;
    }
};

void collect_share(const Problem& p, const Parameters<float>& to, const std::vector<Sums>& sums,
                   Index lanes, Index part, Index parts) {
    const Index gates = gates_of(p), vectors = gates * ((p.hidden + lanes - 1) / lanes);
    for (Index v = vectors * part / parts; v < vectors * (part + 1) / parts; ++v) {
        const Index unit = v / gates * lanes, row = v % gates * p.hidden + unit;
        const Slice slice{sums, v * lanes, width_of(p), std::min(lanes, p.hidden - unit)};
        slice.collect(&Sums::weight_ih, p.inputs, to.weight_ih + row * p.inputs);
        slice.collect(&Sums::weight_hh, p.hidden, to.weight_hh + row * p.hidden);
        if (to.gain_x) slice.collect(&Sums::gain_x, 1, to.gain_x + row);
        if (to.gain_h) slice.collect(&Sums::gain_h, 1, to.gain_h + row);
        if (to.bias_x) slice.collect(&Sums::bias_x, 1, to.bias_x + row);
        if (to.bias_h) slice.collect(&Sums::bias_h, 1, to.bias_h + row);
        if (v % gates > 0) continue;
        const Slice units{sums, unit, width_of(p), slice.count};
        if (to.gain_c) units.collect(&Sums::gain_c, 1, to.gain_c + unit);
        if (to.bias_c) units.collect(&Sums::bias_c, 1, to.bias_c + unit);
    }
}

// The parts of a forward pass and their scratch. `memory` stays as it is where it suffices.
struct ForwardParts {
    const Kernel& kernel;
    const Problem& p;
    const Packed& packed;
    const std::vector<Index> starts;
    Index scratch;
    float* memory;

    ForwardParts(const Kernel& with, const Problem& problem, const Packed& weights,
                 const std::int64_t* lengths, int threads, Floats& floats)
        : kernel(with), p(problem), packed(weights), starts(shares(p, lengths, forward_parts_for(p, threads))) {
        Index most = 0;
        for (int i = 0; i < count(); ++i) most = std::max(most, starts[i + 1] - starts[i]);
        scratch = padded(forward_scratch(p, most));
        floats.reserve(count() * scratch);
        memory = floats.data();
    }
    int count() const { return static_cast<int>(starts.size()) - 1; }
    void operator()(int i) const {
        kernel.forward(p, packed, {starts[i], starts[i + 1], memory + i * scratch});
    }
};

}  // namespace

void expect_pass(Index steps, Index batch, Index weights, int threads) {
    rouse(parts_for(steps, batch, weights, threads));
}

void run_forward(Problem p, const std::int64_t* lengths, int threads) {
    const Kernel& kernel = current_kernel(p.precision);
    const Schedule schedule(p, lengths);
    const int parts = parts_for(p, threads);
    const Floats memory(packed_size(p, parts));
    Pieces pieces(memory.data());
    const Packed packed = lay_out_packed(p, parts, pieces);
    Floats scratch;
    const ForwardParts forward(kernel, p, packed, lengths, threads, scratch);
    const auto pack = [&](int i) { kernel.pack(p, packed, false, i, parts); };
    run_phases({{parts, pack}, {forward.count(), forward}}, threads);
}

double run_multiply_add(Index rounds, int threads) {
    const Kernel& kernel = current_kernel(Precision::float32);
    std::vector<double> done(threads);
    const auto work = [&](int i) {
        float numbers[2] = {0.5f, 1.0f};
        done[i] = kernel.multiply_add(rounds, numbers);
    };
    run_phases({{threads, work}}, threads);
    return std::accumulate(done.begin(), done.end(), 0.0);
}

PackedLayer::PackedLayer(const Problem& p) : kernel_(current_kernel(p.precision)), memory_(packed_size(p, 1)) {
    Pieces pieces(memory_.data());
    packed_ = lay_out_packed(p, 1, pieces);
    const auto pack = [&](int) { kernel_.pack(p, packed_, false, 0, 1); };
    run_phases({{1, pack}}, 1);
}

bool PackedLayer::is_current() const { return &kernel_ == &current_kernel(kernel_.precision); }

void PackedLayer::forward(const Problem& p, int threads) {
    const ForwardParts forward(kernel_, p, packed_, nullptr, threads, scratch_);
    run_phases({{forward.count(), forward}}, threads);
}

void run_backward(Problem p, const Gradient& gradient, const std::int64_t* lengths, int threads) {
    const Kernel& kernel = current_kernel(p.precision);
    const Schedule schedule(p, lengths);
    const int parts = parts_for(p, threads);
    const std::vector<Index> starts = shares(p, lengths, parts);
    Index scratch = 0;
    for (Index i = 0; i < parts; ++i)
        scratch = std::max(scratch, padded(backward_scratch(p, starts[i + 1] - starts[i])));
    const Index each = sums_size(p) + scratch + 2 * kFence;
    const Floats memory(packed_size(p, parts) + parts * each);
    Pieces pieces(memory.data());
    const Packed packed = lay_out_packed(p, parts, pieces);
    std::vector<Sums> sums(parts);
    std::vector<float*> scratches(parts);
    for (Index i = 0; i < parts; ++i) {
        sums[i] = lay_out_sums(p, pieces.take(sums_size(p)));
        scratches[i] = pieces.take(scratch);
    }
    const auto pack = [&](int i) { kernel.pack(p, packed, true, i, parts); };
    const auto work = [&](int i) {
        std::fill_n(sums[i].weight_ih, sums_size(p), 0.0f);
        kernel.backward(p, gradient, packed, {starts[i], starts[i + 1], scratches[i]}, sums[i]);
    };
    const auto collect = [&](int i) { collect_share(p, gradient.parameters, sums, kernel.lanes, i, parts); };
    run_phases({{parts, pack}, {parts, work}, {parts, collect}}, threads);
}

}  // namespace grucli
