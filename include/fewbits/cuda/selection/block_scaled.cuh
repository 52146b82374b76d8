// Which products block_scaled_product takes, and how it is launched.
#pragma once

#include <cstddef>
#include <string_view>

#include "../device_product.cuh"
#include "../kernels/block_scaled_product.hpp"
#include "../launch.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// MX formats and NVFP4 on both sides, where mma.sync multiplies by the scales of blocks.
struct block_scaled {
    static constexpr std::string_view name = "sm_120f/block_scaled_product (never executed)";
    static constexpr std::string_view reason =
        "matrix instructions multiply by the scales of both sides' blocks; sums of at most 128 columns, how exact is not documented, "
        "are added in fp32";
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed) return false;
        else return block_scaling_of<A, W> != block_scaling::none;
    }();
    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        return p.options.compute == device_compute::native && p.depth < std::size_t{1} << 28 && can_launch<block_scaled_product<A, W, Y>>();
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using kernel = block_scaled_product<A, W, Y>;
        launch.template run<kernel>(static_cast<unsigned>(kernel::blocks_for(p.y.rows, p.y.cols)),
                                    {p.a, p.w, p.y.data, p.options.bias, p.y.stride, p.depth});
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
