// The codebook elements: lists of values a code indexes.
#pragma once

#include <cstddef>

#include "../codec/limits.hpp"
#include "../codec/round_to.hpp"
#include "../codec/text.hpp"

namespace fewbits {

/// -1 and +1.
struct binary final : codebook<binary, codebook_layout<2>{{-1.0F, 1.0F}}> {
    using codebook::codebook;
};

/// The 16 published values of QLoRA (Dettmers et al. 2023, appendix E).
struct nf4 final
    : codebook<nf4, codebook_layout<16>{{-1.0F, -0.6961928009986877F, -0.5250730514526367F, -0.39491748809814453F,
                                         -0.28444138169288635F, -0.18477343022823334F, -0.09105003625154495F, 0.0F,
                                         0.07958029955625534F, 0.16093020141124725F, 0.24611230194568634F,
                                         0.33791524171829224F, 0.44070982933044434F, 0.5626170039176941F,
                                         0.7229568362236023F, 1.0F}}> {
    using codebook::codebook;
};

/// GGUF's non-linear 4-bit values (ggml's table of IQ4_NL and IQ4_XS).
struct iq4_values final
    : codebook<iq4_values, codebook_layout<16>{{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}}> {
    using codebook::codebook;
};

inline namespace FEWBITS_BASELINE {

/// The signed dynamic 8-bit map of bitsandbytes (Dettmers 2015; 8-bit Optimizers, 2021): seven decades, each with twice as
/// many means of evenly spaced bounds as the one below, both signs, 0 and 1. The floats are those of its create_dynamic_map
/// under PyTorch with AVX2 or better, whose linspace steps from the nearer end with one rounding.
consteval codebook_layout<256> dynamic_map() {
    constexpr float decade[] = {1e-6F, 1e-5F, 1e-4F, 1e-3F, 1e-2F, 1e-1F, 1.0F};
    codebook_layout<256> map{};
    std::size_t n = 0;
    for (int i = 0; i < 7; ++i) {
        int const steps = 1 << i;
        float const step = (1.0F - 0.1F) / static_cast<float>(steps);
        auto const bound = [=](int k) {  // exact in double, so rounded once
            bool const lower_half = k < (steps + 1) / 2;
            double const distance = static_cast<double>(step) * (lower_half ? k : steps - k);
            return static_cast<float>(lower_half ? static_cast<double>(0.1F) + distance : 1.0 - distance);
        };
        for (int j = 0; j < steps; ++j, ++n) {
            map.value[128 + n] = decade[i] * ((bound(j) + bound(j + 1)) / 2.0F);
            map.value[126 - n] = -map.value[128 + n];
        }
    }
    map.value[127] = 0.0F;
    map.value[255] = 1.0F;
    return map;
}

}  // namespace FEWBITS_BASELINE

/// The map that double quantization stores absmax in.
struct dynamic8 final : codebook<dynamic8, dynamic_map()> {
    using codebook::codebook;
};

}  // namespace fewbits
