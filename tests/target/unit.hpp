// Units compiled for different processors, each with its own copy of the same work.
#pragma once

#include <cstdint>
#include <vector>

#include <fewbits/fewbits.hpp>

namespace target_test {

namespace fb = fewbits;

/// float activations and weights, and matrices that the caller's unit made.
struct inputs {
    std::size_t m, n, k;
    std::vector<float> a, w;
    fb::quantized_matrix<fb::int8_g32> a8;
    fb::prepacked_matrix<fb::int4_g32> w4;
};

struct results {
    std::vector<unsigned> codes;     ///< encoded one at a time, and quantized
    std::vector<float> integers;     ///< products of integer formats, by each target
    std::vector<float> others;       ///< a product of floats
};

/// One unit: which instruction sets its code needs (1, 3 or 4: x86-64-v1, v3, v4), and its copy of the work.
struct unit {
    int level;
    results (*run)(inputs const& in);
};

extern unit const for_any;
extern unit const for_v3;
extern unit const for_v4;

}  // namespace target_test
