// How the kernel for any pair is launched.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "../kernels/portable_product.hpp"
#include "tiles.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Any pair, as it is stored.
struct portable {
    static constexpr std::string_view name = "sm_80/portable_product";
    static constexpr std::string_view reason = "every pair: operands become bytes or bf16 on their way to the tensor cores";
    static constexpr device_error error = fp32_sums;
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = !Packed;
    template <class A, class W, class Y, class Product>
    static bool fits(Product const&) { return true; }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        if (p.depth >= tile_depth_end) {
            throw std::invalid_argument("gemm on the device: K = " + std::to_string(p.depth) + ", 2^28 - 1 at most");
        }
        run_tiles<portable_product<A, W, Y>>(launch, p);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
