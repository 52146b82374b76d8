// Which products block_scaled_product takes, and how it is launched.
#pragma once

#include <string_view>

#include "../kernels/block_scaled_product.hpp"
#include "tiles.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// MX formats and NVFP4 on both sides, where mma.sync multiplies by the scales of blocks.
struct block_scaled {
    static constexpr std::string_view name = "sm_120f/block_scaled_product (never executed)";
    static constexpr std::string_view reason =
        "matrix instructions multiply by the scales of both sides' blocks; sums of at most 128 columns, how exact is not documented, "
        "are added in fp32";
    static constexpr device_error error = fp32_sums;  // as far as is known
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed) return false;
        else return block_scaling_of<A, W> != block_scaling::none;
    }();
    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        return fits_tiles<block_scaled_product<A, W, Y>>(p);
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        run_tiles<block_scaled_product<A, W, Y>>(launch, p);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
