// The rows of one time step, as the gate arithmetic of every variant sees them.
#pragma once

#include "problem.h"

namespace grucli {

// What stays the same over the whole sequence; the vectors are in storage order.
struct Units {
    Index hidden, blocks;  // blocks of one vector of units
    int last;              // units in the last block
    float epsilon;
    Packed vectors;
};

struct ForwardRows {
    Index count;
    const float* x;  // raw x W, one row each
    const float* a;  // raw h U, or x W + h U where reads_sum
    Index width;     // distance between rows of x and of a
    float* h;        // the state, replaced by the next one
    float* c;        // the cell state likewise, for cells that have one
    Index h_row;     // distance between rows of both
    float* spare;    // [2 * width], for variants that need an intermediate
};

struct BackwardRows {
    Index count;
    const float* x;
    const float* a;
    Index width;
    const float* h;  // the state before the step
    float* dh;       // gradient of the state after it; out: its direct share for the one before
    float* dc;       // gradient of the cell state after it; out: of the one before
    Index h_row;     // distance between rows of h, dh and dc
    const float* c;  // the cell state before the step
    Index c_row;
    float* dx;       // out: gradient of x W; the same place as da where both are equal
    float* da;       // out: gradient of h U
    Index d_row;
    float* spare;
};

// Rows whose statistics are at hand together.
constexpr Index kChunk = 4;

}  // namespace grucli
