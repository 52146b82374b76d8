// Which products packed_product takes, and how it is launched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../device_product.cuh"
#include "../kernels/packed_product.hpp"
#include "../launch.cuh"
#include "../skinny_steps.hpp"
#include "../tensor_map.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Weights packed in fragments and more rows of 16-bit activations than skinny takes at once, on Hopper.
struct packed {
    static constexpr std::string_view name = "sm_90a/packed_product";
    static constexpr std::string_view reason = "packed weights become wgmma's operand in registers, 128 rows of activations at a time";
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed && scalar<A> && has_fragments<W>) {
            return operand_class_of<A> == operand_class::upper_half && has_bf16_pairs<typename W::element> &&
                   offset_form_of<W> != offset_form::any;
        } else {
            return false;
        }
    }();
    template <class A, class W, class Y>
    using kernel = packed_product<A, typename W::element, typename fragment_weights<W>::scale_type, fragment_weights<W>::group, Y,
                                  offset_form_of<W>>;

    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        constexpr std::size_t most = std::size_t{1} << 24;
        bool const sizes = p.y.rows > skinny_rows && p.y.rows <= most && p.y.cols <= most && p.depth != 0 && p.depth <= most;
        bool const aligned = (reinterpret_cast<std::uintptr_t>(p.a.data) | (p.a.stride * sizeof(A))) % 16 == 0;
        return sizes && aligned && can_launch<kernel<A, W, Y>>();
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using product = kernel<A, W, Y>;
        using weights = fragment_weights<W>;
        auto const m = static_cast<int>(p.y.rows);
        auto const n = static_cast<int>(p.y.cols);
        typename product::arguments const arguments{
            .a = make_tensor_map(p.a.data, p.y.rows, p.depth * sizeof(A), p.a.stride * sizeof(A), product::tokens), .codes = p.w.codes,
            .scales = p.w.scales, .offsets = p.w.offsets, .y = p.y.data, .factors = p.w.factors, .bias = p.options.bias, .m = m, .n = n,
            .tiles = static_cast<int>(weights::tiles(p.depth)), .groups = static_cast<int>(weights::records(p.depth)),
            .stride = p.y.stride};
        launch.template run<product>(static_cast<unsigned>(std::min(product::blocks_for(m, n), multiprocessors())), arguments);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
