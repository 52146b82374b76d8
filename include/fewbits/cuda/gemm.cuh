// gemm on the device: y = a * transpose(w) + bias on a stream, by the first kernel of an ordered list that takes the pair.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "device_kernels.cuh"
#include "device_matrix.cuh"

namespace fewbits {

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

inline namespace FEWBITS_BASELINE {

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
    std::size_t needed = 0;
    if constexpr (device_operand<W>::packed) needed = skinny_steps<a_type, w_type, float, stream_launch>::scratch_bytes(rows, cols);
    if constexpr (device_kernels::packed::supports<a_type, w_type, float, device_operand<W>::packed>) {
        needed = std::max(needed, device_kernels::packed::scratch_bytes<a_type, w_type>(rows, cols));
    }
    if constexpr (device_kernels::packed_float8::supports<a_type, w_type, float, device_operand<W>::packed>) {
        needed = std::max(needed, device_kernels::packed_float8::scratch_bytes<a_type, w_type>(rows, cols));
    }
    return needed;
}

/// y (M x N) = a (M x K) * transpose(w (N x K)) + bias on the stream, all in device memory. Integer pairs have the bits of the host's gemm,
/// other pairs its bound, but FP8 on Hopper (device_compute). y is rounded once, to its type. Nothing is allocated and nothing waits, so a
/// graph can capture it. Throws std::invalid_argument where shapes do not fit or the scratch is too small, cuda_error where a kernel
/// does not start. y overlaps no operand.
template <device_activations A, device_gemm_operand W, gemm_result Y>
void gemm_async(cudaStream_t stream, A const& a, W const& w, matrix_view<Y> y, device_gemm_options const& options = {}) {
    if (y.rows == 0 || y.cols == 0) return check_device_shapes(a, w, y);
    with_device_kernel(a, w, y, options, [&](auto kernel, auto const& p) {
        decltype(kernel)::template run<typename device_operand<A>::type, typename device_operand<W>::type, Y>(stream_launch{stream}, p);
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

/// How exact the results of that kernel are.
template <device_activations A, device_gemm_operand W, gemm_result Y>
device_error device_kernel_error(A const& a, W const& w, matrix_view<Y> y, device_gemm_options const& options = {}) {
    device_error error{};
    with_device_kernel(a, w, y, options, [&](auto kernel, auto const&) { error = decltype(kernel)::error; });
    return error;
}

/// Weights into the order of packed ones, on the stream. Throws std::invalid_argument where sizes differ, cuda_error.
template <block_format F>
void prepack_async(cudaStream_t stream, device_matrix<F> const& from, device_prepacked<F>& to) {
    if (from.rows() != to.rows() || from.cols() != to.cols()) throw std::invalid_argument("prepack: the matrices differ in size");
    stream_launch launch{stream};
    pack_steps(launch, from.side(), from.cols(), to.codes(), to.scales(), to.offsets(), to.factors());
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
