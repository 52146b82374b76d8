// The kernels that multiply matrices on the device, in order of preference, and which products each takes.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "kernels/packed_product.hpp"
#include "kernels/portable_product.hpp"
#include "kernels/warpgroup_product.hpp"
#include "launch.cuh"
#include "skinny_steps.hpp"
#include "tensor_map.cuh"

namespace fewbits {

/// Which arithmetic a product on the device may use.
enum class device_compute : unsigned char {
    native,  ///< that of the tensor cores for the operands' own type: FP8 sums on Hopper are within about 2^-10 * sum |a||w|, 2^-6 at worst
    exact    ///< integer pairs to the bit, others within 1e-5 * sum |a||w|
};

struct device_gemm_options {
    float const* bias = nullptr;     ///< in device memory, one for each of the N columns of y
    std::span<std::byte> scratch{};  ///< device memory on 16 bytes, gemm_scratch_bytes of it; in use until the stream is through
    device_compute compute = device_compute::native;
};

/// One product, its formats known: A and W as device_operand names them, WSide what the weights are given as.
template <class A, class WSide, class Y>
struct device_product {
    product_side<A> a;
    WSide w;
    matrix_view<Y> y;
    std::size_t depth;  ///< K
    device_gemm_options const& options;
};

inline namespace FEWBITS_BASELINE {

/// Multiprocessors of the current device.
inline int multiprocessors() {
    int device = 0;
    int count = 0;
    check_cuda("cudaGetDevice", cudaGetDevice(&device));
    check_cuda("cudaDeviceGetAttribute", cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
    return count;
}

namespace device_kernels {

/// Weights packed in fragments, 16 rows of activations at a time.
struct skinny {
    static constexpr std::string_view name = "sm_80/skinny_product";
    static constexpr std::string_view reason = "packed weights go straight to the tensor cores; read again for every 16 rows";
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
        if (p.options.scratch.size() < steps::scratch_bytes(p.y.rows, p.depth)) {
            throw std::invalid_argument("gemm on the device: " + std::to_string(p.options.scratch.size()) + " bytes of scratch, " +
                                        std::to_string(steps::scratch_bytes(p.y.rows, p.depth)) + " are needed");
        }
        steps::run(launch, p.a, p.w, p.y, p.options.bias, p.options.scratch.data());
    }
};

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

/// 8-bit operands as they are stored, on Hopper.
struct warpgroup {
    static constexpr std::string_view name = "sm_90a/warpgroup_product";
    static constexpr std::string_view reason =
        "8-bit operands by wgmma; FP8 sums of 128 columns are added in fp32, within about 2^-10 * sum |a||w| (2^-6 at worst), "
        "integers exactly";
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
            .y = reinterpret_cast<typename product::out_type*>(p.y.data), .bias = p.options.bias, .m = m, .n = n,
            .steps = static_cast<int>((p.depth + 127) / 128), .a_step = A::block == per_tensor ? 0 : 1,
            .w_step = W::block == per_tensor ? 0 : 1, .stride = p.y.stride};
        launch.template run<product>(static_cast<unsigned>(std::min(product::tiles(m, n), multiprocessors())), arguments);
    }
};

/// Any pair, as it is stored.
struct portable {
    static constexpr std::string_view name = "sm_80/portable_product";
    static constexpr std::string_view reason = "every pair: operands become bytes or bf16 on their way to the tensor cores";
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = !Packed;
    template <class A, class W, class Y, class Product>
    static bool fits(Product const&) { return true; }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        using kernel = portable_product<A, W, Y>;
        if (p.depth >= std::size_t{1} << 28) {
            throw std::invalid_argument("gemm on the device: K = " + std::to_string(p.depth) + ", 2^28 - 1 at most");
        }
        launch.template run<kernel>(static_cast<unsigned>(kernel::blocks_for(p.y.rows, p.y.cols)),
                                    {p.a, p.w, p.y.data, p.options.bias, p.y.stride, p.depth});
    }
};

}  // namespace device_kernels

/// Kernels in order of preference.
template <class... Kernels>
struct device_kernel_list {
    /// visit(kernel) for the first that takes the product; whether there is one.
    template <class A, class W, class Y, bool Packed, class Product, class Visit>
    static bool first(Product const& p, Visit const& visit) {
        bool found = false;
        (try_one<Kernels, A, W, Y, Packed>(p, visit, found), ...);
        return found;
    }
    template <class A, class W, class Y, bool Packed>
    static constexpr bool any = (Kernels::template supports<A, W, Y, Packed> || ...);

private:
    template <class Kernel, class A, class W, class Y, bool Packed, class Product, class Visit>
    static void try_one(Product const& p, Visit const& visit, bool& found) {
        if constexpr (Kernel::template supports<A, W, Y, Packed>) {
            if (found || !Kernel::template fits<A, W, Y>(p)) return;
            found = true;
            visit(Kernel{});
        }
    }
};
using device_gemm_kernels =
    device_kernel_list<device_kernels::packed, device_kernels::skinny, device_kernels::warpgroup, device_kernels::portable>;

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
