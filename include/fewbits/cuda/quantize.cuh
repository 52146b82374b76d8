// quantize and dequantize on the device, on a stream: nothing is allocated and nothing waits.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/dequantize.hpp"
#include "launch.cuh"
#include "steps/quantize_steps.hpp"

namespace fewbits {

/// Bytes of device memory that quantize_async<F> wants beside the streams of a rows x cols matrix under these options.
template <quantized_on_device F>
std::size_t quantize_scratch_bytes(std::size_t rows, std::size_t cols, quantize_options const& options = {}) noexcept {
    return scratch_of<F>(rows, cols, options).bytes;
}

inline namespace FEWBITS_BASELINE {

/// `from` (rows x cols of fp32, bf16 or fp16) in format F, with the bits of the host's quantize. `streams`: device memory for the streams
/// of quantized_matrix<F>, of its sizes and in its order; `scratch`: quantize_scratch_bytes of device memory; streams and scratch begin on
/// 16 bytes. Nothing throws on the device: a block with an infinity or a NaN gets a NaN scale (where scales are shared by the
/// tensor or a super-block, that does), and *status becomes 1, if status is not null. So it is where options.scales, here in device
/// memory too, has an infinity or a NaN. Options: no executor, no progress. Throws std::invalid_argument for what quantize refuses and
/// rules that do not run here, cuda_error where a kernel does not start.
template <quantized_on_device F, device_value T>
void quantize_async(cudaStream_t stream, matrix_view<T const> from, std::span<std::span<std::byte> const> streams,
                    std::span<std::byte> scratch, quantize_options const& options = {}, std::uint32_t* status = nullptr) {
    check_device_options<F>(from.rows, from.cols, from.stride, options);
    auto const sizes = quantized_matrix<F>::stream_sizes(from.rows, from.cols);
    bool fit = streams.size() == sizes.size() && scratch.size() >= quantize_scratch_bytes<F>(from.rows, from.cols, options);
    for (std::size_t i = 0; fit && i < sizes.size(); ++i) fit = streams[i].size() >= sizes[i];
    if (!fit) throw std::invalid_argument("quantize on the device: too few bytes for the streams or the scratch");
    stream_launch launch{stream};
    quantize_steps<F, T, stream_launch>(launch, from, streams, options, scratch.data(), status).run();
}

/// The values of a matrix in format F, rounded to nearest even where `to` (rows x cols) is bf16 or fp16.
template <block_format F, device_value T>
void dequantize_async(cudaStream_t stream, quantized_view<F> const& from, matrix_view<T> to) {
    using kernel = dequantize_kernel<F, T>;
    std::size_t const blocks = kernel::blocks_for(to.rows, to.cols);
    constexpr std::size_t most = std::size_t{1} << 30;
    launch<kernel>(stream, static_cast<unsigned>(blocks < most ? blocks : most), kernel::shared_bytes,
                   {from, to.data, to.rows, to.cols, to.stride});
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
