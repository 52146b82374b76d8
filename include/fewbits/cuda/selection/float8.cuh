// Which products float8_product takes, and how it is launched.
#pragma once

#include <string_view>

#include "../kernels/float8_product.hpp"
#include "tiles.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Floats of 8 bits, or what becomes such exactly, where mma.sync multiplies them.
struct float8 {
    static constexpr std::string_view name = "sm_89/float8_product (never executed)";
    static constexpr std::string_view reason =
        "elements of both sides are floats of 8 bits, or become such exactly; sums of at most 128 columns are added in fp32, "
        "within about 2^-10 * sum |a||w| (2^-6 at worst)";
    static constexpr device_error error = float8_sums;
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed) return false;
        else return is_float8_product<A, W>;
    }();
    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        return fits_tiles<float8_product<A, W, Y>>(p);
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        run_tiles<float8_product<A, W, Y>>(launch, p);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
