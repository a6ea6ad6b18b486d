// What the kernel computes, by name. The names are those of grucli/cells/ and of recipes.
#pragma once

#include <string>
#include <vector>

#include "problem.h"

namespace grucli {

struct Variant {
    Cell cell;
    Norm norm;
    Precision precision;
    std::string cell_name, activation, norm_name, precision_name;
};

// What is computed in this precision, whether the machine has it or not.
inline std::vector<Variant> every_variant(Precision precision) {
    struct CellName {
        Cell cell;
        const char *name, *activation;
    };
    struct NormName {
        Norm norm;
        const char* name;
        bool of_lstm, of_others;
    };
    const CellName cells[] = {{Cell::gru, "gru", "tanh"},
                              {Cell::rnn, "rnn", "tanh"},
                              {Cell::relu_rnn, "rnn", "relu"},
                              {Cell::lstm, "lstm", "tanh"}};
    const NormName norms[] = {{Norm::none, "none", true, true},
                              {Norm::split, "split", true, true},
                              {Norm::ba2016, "ba2016", true, true},
                              {Norm::sum, "sum", false, true},
                              {Norm::sum_joint, "sum_joint", false, true},
                              {Norm::split_state, "split_state", true, false}};
    std::vector<Variant> variants;
    for (const CellName& cell : cells)
        for (const NormName& norm : norms)
            if (cell.cell == Cell::lstm ? norm.of_lstm : norm.of_others)
                variants.push_back({cell.cell, norm.norm, precision, cell.name, cell.activation, norm.name,
                                    precision == Precision::float32 ? "float32" : "bfloat16"});
    return variants;
}

}  // namespace grucli
