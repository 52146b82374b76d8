// Which products the kernels for few rows take, and how they are launched.
#pragma once

#include <cstddef>
#include <string_view>

#include "../device_product.cuh"
#include "../launch.cuh"
#include "../steps/skinny_steps.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Weights packed in fragments, 16 rows of activations at a time.
struct skinny {
    static constexpr std::string_view name = "sm_80/skinny_product";
    static constexpr std::string_view reason = "packed weights go straight to the tensor cores; read again for every 16 rows";
    static constexpr device_error error = fp32_sums;
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed) return skinny_way_of<A, W> != skinny_way::none;
        else return false;
    }();
    template <class A, class W, class Y, class Product>
    static bool fits(Product const&) { return true; }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using steps = skinny_steps<A, W, Y, stream_launch>;
        steps::check(p.y.cols, p.depth);
        check_scratch(p.options, steps::scratch_bytes(p.y.rows, p.depth));
        steps::run(launch, p.a, p.w, p.y, p.options.bias, p.options.scratch.data());
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
