// Which products warpgroup_product takes, and how it is launched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "../device_product.cuh"
#include "../kernels/warpgroup_product.hpp"
#include "../launch.cuh"
#include "../tensor_map.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// 8-bit operands as they are stored, on Hopper.
struct warpgroup {
    static constexpr std::string_view name = "sm_90a/warpgroup_product";
    static constexpr std::string_view reason =
        "8-bit operands by wgmma; FP8 sums of 128 columns are added in fp32, within about 2^-10 * sum |a||w| (2^-6 at worst), "
        "integers exactly";
    static constexpr device_error error = float8_sums;
    template <block_format F>
    static constexpr bool plain = std::is_same_v<typename F::scale_type, float> && F::is_symmetric;
    template <block_format F>
    static constexpr bool one_scale = F::block == per_row || F::block == per_tensor;
    template <class A, class W>
    static constexpr int group = [] {
        if constexpr (A::block == tile(1, 128) && W::block == tile(128, 128)) return 128;
        else if constexpr (one_scale<A> && one_scale<W>) return 0;
        else return -1;
    }();
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (!Packed && block_format<A> && block_format<W>) {
            constexpr operand_class a = operand_class_of<typename A::element>;
            constexpr bool bytes = A::element::width == 8 && a != operand_class::none && a == operand_class_of<typename W::element>;
            return bytes && plain<A> && plain<W> && group<A, W> >= 0 && !(group<A, W> == 128 && a == operand_class::int8);
        } else {
            return false;
        }
    }();
    template <class A, class W, class Y>
    using kernel = warpgroup_product<typename A::element, typename W::element, group<A, W>, Y>;

    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        constexpr bool exact = kernel<A, W, Y>::integers;
        constexpr std::size_t most = std::size_t{1} << 24;
        bool const sizes = p.y.rows <= most && p.y.cols <= most && p.depth < (exact ? std::size_t{1} << 17 : most);
        bool const aligned = p.depth % 16 == 0 && reinterpret_cast<std::uintptr_t>(p.y.data) % (2 * sizeof(Y)) == 0;
        return sizes && aligned && p.depth != 0 && (exact || p.options.compute == device_compute::native) && can_launch<kernel<A, W, Y>>();
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using product = kernel<A, W, Y>;
        constexpr unsigned rows_of_a_box = static_cast<unsigned>(product::rows);
        auto const m = static_cast<int>(p.y.rows);
        auto const n = static_cast<int>(p.y.cols);
        auto const scales = [](auto const& view) { return reinterpret_cast<float const*>(view.scales.bytes); };
        typename product::arguments const arguments{
            .a = make_tensor_map(p.a.view.codes, p.y.rows, p.depth, p.a.view.row_bytes, rows_of_a_box),
            .w = make_tensor_map(p.w.view.codes, p.y.cols, p.depth, p.w.view.row_bytes, 128),
            .a_scales = scales(p.a.view), .w_scales = scales(p.w.view),
            .y = p.y.data, .bias = p.options.bias, .m = m, .n = n,
            .steps = static_cast<int>((p.depth + 127) / 128), .a_step = A::block == per_tensor ? 0 : 1,
            .w_step = W::block == per_tensor ? 0 : 1, .stride = p.y.stride};
        launch.template run<product>(static_cast<unsigned>(std::min(product::tiles(m, n), multiprocessors())), arguments);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
