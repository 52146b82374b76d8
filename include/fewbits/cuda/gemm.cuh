// gemm on the device: y = a * transpose(w) + bias on a stream, by the first kernel of an ordered list that takes the pair.
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

#include "device_matrix.cuh"
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

/// What gemm_async takes as an operand: a view of numbers in device memory, a device_matrix, and as weights a device_prepacked.
template <class Operand>
struct device_operand {
    static constexpr bool valid = false;
};
template <class T>
    requires dense_element<std::remove_const_t<T>>
struct device_operand<matrix_view<T>> {
    static constexpr bool valid = true;
    static constexpr bool packed = false;
    using type = std::remove_const_t<T>;
    static std::size_t rows(matrix_view<T> const& a) noexcept { return a.rows; }
    static std::size_t cols(matrix_view<T> const& a) noexcept { return a.cols; }
    static product_side<type> side(matrix_view<T> const& a) noexcept { return {a.data, a.stride, a.rows}; }
};
template <block_format F>
struct device_operand<device_matrix<F>> {
    static constexpr bool valid = true;
    static constexpr bool packed = false;
    using type = F;
    static std::size_t rows(device_matrix<F> const& a) noexcept { return a.rows(); }
    static std::size_t cols(device_matrix<F> const& a) noexcept { return a.cols(); }
    static product_side<F> side(device_matrix<F> const& a) { return a.side(); }
};
template <block_format F>
struct device_operand<device_prepacked<F>> {
    static constexpr bool valid = true;
    static constexpr bool packed = true;
    using type = F;
    static std::size_t rows(device_prepacked<F> const& a) noexcept { return a.rows(); }
    static std::size_t cols(device_prepacked<F> const& a) noexcept { return a.cols(); }
    static fragment_view<F> side(device_prepacked<F> const& a) noexcept { return a.view(); }
};

template <class M>
concept device_gemm_operand = device_operand<M>::valid;
template <class M>
concept device_activations = device_gemm_operand<M> && !device_operand<M>::packed;

/// Kernels on a CUDA stream.
struct gemm_launch {
    cudaStream_t stream;
    template <class Kernel>
    void run(unsigned blocks, typename Kernel::arguments const& arguments) {
        launch<Kernel>(stream, blocks, Kernel::shared_bytes, arguments);
    }
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
    static void run(gemm_launch launch, Product const& p) {
        using steps = skinny_steps<A, W, Y, gemm_launch>;
        steps::check(p.y.cols, p.depth);
        if (p.options.scratch.size() < steps::scratch_bytes(p.y.rows, p.depth)) {
            throw std::invalid_argument("gemm on the device: " + std::to_string(p.options.scratch.size()) + " bytes of scratch, " +
                                        std::to_string(steps::scratch_bytes(p.y.rows, p.depth)) + " are needed");
        }
        steps::run(launch, p.a, p.w, p.y, p.options.bias, p.options.scratch.data());
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
    static void run(gemm_launch launch, Product const& p) {
        using product = kernel<A, W, Y>;
        constexpr unsigned rows_of_a_box = static_cast<unsigned>(product::rows);
        int device = 0;
        int multiprocessors = 0;
        check_cuda("cudaGetDevice", cudaGetDevice(&device));
        check_cuda("cudaDeviceGetAttribute", cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
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
        launch.template run<product>(static_cast<unsigned>(std::min(product::tiles(m, n), multiprocessors)), arguments);
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
    static void run(gemm_launch launch, Product const& p) {
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
using device_gemm_kernels = device_kernel_list<device_kernels::skinny, device_kernels::warpgroup, device_kernels::portable>;

/// Throws std::invalid_argument with the numbers unless a (M x K), w (N x K) and y (M x N) fit together.
template <class A, class W, class Y>
void check_device_shapes(A const& a, W const& w, matrix_view<Y> y) {
    using of_a = device_operand<A>;
    using of_w = device_operand<W>;
    auto const shape = [](std::size_t rows, std::size_t cols) { return std::to_string(rows) + " x " + std::to_string(cols); };
    if (of_a::cols(a) != of_w::cols(w) || y.rows != of_a::rows(a) || y.cols != of_w::rows(w) || (y.rows > 1 && y.stride < y.cols)) {
        throw std::invalid_argument("gemm on the device: a is " + shape(of_a::rows(a), of_a::cols(a)) + ", w is " +
                                    shape(of_w::rows(w), of_w::cols(w)) + ", y is " + shape(y.rows, y.cols) + " with a stride of " +
                                    std::to_string(y.stride));
    }
}

/// Calls visit(kernel, product) with the kernel that gemm_async runs on the current device.
template <device_activations A, device_gemm_operand W, gemm_result Y, class Visit>
void with_device_kernel(A const& a, W const& w, matrix_view<Y> y, device_gemm_options const& options, Visit const& visit) {
    using a_type = typename device_operand<A>::type;
    using w_type = typename device_operand<W>::type;
    constexpr bool packed = device_operand<W>::packed;
    static_assert(device_gemm_kernels::template any<a_type, w_type, Y, packed>,
                  "these packed weights are not for activations of this type: give them as a device_matrix");
    check_device_shapes(a, w, y);
    auto const w_side = device_operand<W>::side(w);
    device_product<a_type, std::remove_const_t<decltype(w_side)>, Y> const p{device_operand<A>::side(a), w_side, y,
                                                                             device_operand<W>::cols(w), options};
    device_gemm_kernels::template first<a_type, w_type, Y, packed>(p, [&](auto kernel) { visit(kernel, p); });
}

/// Device memory that gemm_async wants for packed weights and `rows` rows of activations A of `cols` columns; none for others.
template <device_activations A, device_gemm_operand W>
std::size_t gemm_scratch_bytes(std::size_t rows, std::size_t cols) noexcept {
    using a_type = typename device_operand<A>::type;
    using w_type = typename device_operand<W>::type;
    if constexpr (device_operand<W>::packed) return skinny_steps<a_type, w_type, float, gemm_launch>::scratch_bytes(rows, cols);
    else return 0;
}

/// y (M x N) = a (M x K) * transpose(w (N x K)) + bias on the stream, all in device memory. Integer pairs have the bits of the host's gemm,
/// other pairs its bound, but FP8 on Hopper (device_compute). y is rounded once, to its type. Nothing is allocated and nothing waits, so a
/// graph can capture it. Throws std::invalid_argument where shapes do not fit or the scratch is too small, cuda_error where a kernel
/// does not start. y overlaps no operand.
template <device_activations A, device_gemm_operand W, gemm_result Y>
void gemm_async(cudaStream_t stream, A const& a, W const& w, matrix_view<Y> y, device_gemm_options const& options = {}) {
    if (y.rows == 0 || y.cols == 0) return check_device_shapes(a, w, y);
    with_device_kernel(a, w, y, options, [&](auto kernel, auto const& p) {
        decltype(kernel)::template run<typename device_operand<A>::type, typename device_operand<W>::type, Y>(gemm_launch{stream}, p);
    });
}

/// The name of the kernel that gemm_async runs for these on the current device, and why: name first.
template <device_activations A, device_gemm_operand W, gemm_result Y>
std::string device_kernel_name(A const& a, W const& w, matrix_view<Y> y, device_gemm_options const& options = {}) {
    std::string text;
    with_device_kernel(a, w, y, options, [&](auto kernel, auto const&) {
        text = std::string(decltype(kernel)::name) + ": " + std::string(decltype(kernel)::reason);
    });
    return text;
}

/// Weights into the order of packed ones, on the stream. Throws std::invalid_argument where sizes differ, cuda_error.
template <block_format F>
void prepack_async(cudaStream_t stream, device_matrix<F> const& from, device_prepacked<F>& to) {
    if (from.rows() != to.rows() || from.cols() != to.cols()) throw std::invalid_argument("prepack: the matrices differ in size");
    gemm_launch launch{stream};
    pack_steps(launch, from.side(), from.cols(), to.codes(), to.scales(), to.offsets(), to.factors());
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
