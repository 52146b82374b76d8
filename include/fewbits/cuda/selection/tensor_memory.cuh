// Which products tensor_memory_product takes, and how it is launched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../device_product.cuh"
#include "../kernels/tensor_memory_product.hpp"
#include "../launch.cuh"
#include "../operands/block_scaled_operand.hpp"
#include "../tensor_map.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Both operands under scales of blocks, as they are stored, on sm_100f.
struct tensor_memory {
    static constexpr std::string_view name = "sm_100f/tensor_memory_product (never executed)";
    static constexpr std::string_view reason = "operands and scales of their blocks by tcgen05.mma, added in fp32 as the chip does it";
    static constexpr device_error error = fp32_sums;  // as far as is known
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed || block_scaling_of<A, W> == block_scaling::none) return false;
        else if constexpr (block_scaling_of<A, W> != block_scaling::float8_32) return true;
        else return is_stored_float8<typename A::element> && is_stored_float8<typename W::element>;
    }();
    template <class A, class W, class Y>
    using kernel = tensor_memory_product<typename A::element, typename W::element, block_scaling_of<A, W>, Y>;

    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        constexpr std::size_t most = std::size_t{1} << 24;
        bool const sizes = p.y.rows <= most && p.y.cols <= most && p.depth != 0 && p.depth <= most;
        bool const aligned = p.a.view.row_bytes % 16 == 0 && reinterpret_cast<std::uintptr_t>(p.y.data) % (2 * sizeof(Y)) == 0;
        return sizes && aligned && p.options.compute == device_compute::native && can_launch<kernel<A, W, Y>>();
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using product = kernel<A, W, Y>;
        auto const m = static_cast<int>(p.y.rows);
        auto const n = static_cast<int>(p.y.cols);
        auto const map = [](auto const& side, std::size_t rows) {
            return make_tensor_map(side.view.codes, rows, side.view.row_bytes, side.view.row_bytes, product::rows);
        };
        typename product::arguments const arguments{
            .a = map(p.a, p.y.rows), .w = map(p.w, p.y.cols), .a_scales = scales<A>(p.a.view), .w_scales = scales<W>(p.w.view),
            .a_factor = factor<A>(p.a.view), .w_factor = factor<W>(p.w.view),
            .y = p.y.data, .bias = p.options.bias, .m = m, .n = n,
            .steps = static_cast<int>((p.depth + product::depth - 1) / product::depth),
            .scales = static_cast<int>(p.a.view.scales.row_bytes), .stride = p.y.stride};
        launch.template run<product>(static_cast<unsigned>(std::min(product::tiles(m, n), multiprocessors())), arguments);
    }

private:
    template <class F>
    static std::byte const* scales(quantized_view<F> const& view) {
        if constexpr (is_float8_under_tensor<typename F::scale_type>) return view.scales.codes;
        else return view.scales.bytes;
    }
    template <class F>
    static float const* factor([[maybe_unused]] quantized_view<F> const& view) {
        if constexpr (is_float8_under_tensor<typename F::scale_type>) {
            return reinterpret_cast<float const*>(view.scales.scales.bytes);
        } else {
            return nullptr;
        }
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
