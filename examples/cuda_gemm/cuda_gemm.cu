// A linear layer on the device: weights are quantized and packed once, then multiplied by a few rows of activations.
//     nvcc -std=c++20 -I include examples/cuda_gemm/cuda_gemm.cu -o cuda_gemm
#include <cstdio>
#include <exception>
#include <fewbits/cuda.hpp>
#include <vector>

namespace fb = fewbits;

int main() try {
    std::size_t const m = 4, n = 4096, k = 4096;
    std::vector<float> numbers((m + n) * k), result(m * n);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 2654435761U % 2001) / 1000 - 1;

    fb::device_memory const input(numbers.size() * sizeof(float)), output(result.size() * sizeof(float));
    auto* const values = reinterpret_cast<float*>(input.data());
    fb::matrix_view<float const> const activations(values, m, k), weights(values + m * k, n, k);
    fb::matrix_view<float> const y(reinterpret_cast<float*>(output.data()), m, n);
    cudaStream_t const stream = nullptr;
    fb::check_cuda("copy", cudaMemcpyAsync(values, numbers.data(), input.size(), cudaMemcpyHostToDevice, stream));

    using format = fb::int4_g128;
    fb::device_matrix<format> quantized(n, k);
    fb::device_prepacked<format> packed(n, k);
    fb::device_memory const scratch(fb::gemm_scratch_bytes<fb::matrix_view<float const>, fb::device_prepacked<format>>(m, k));
    fb::device_memory const room(fb::quantize_scratch_bytes<format>(n, k));
    fb::quantize_async<format>(stream, weights, quantized.streams(), room.bytes());
    fb::prepack_async(stream, quantized, packed);
    fb::gemm_async(stream, activations, packed, y, {.scratch = scratch.bytes()});

    fb::check_cuda("copy", cudaMemcpyAsync(result.data(), y.data, output.size(), cudaMemcpyDeviceToHost, stream));
    fb::check_cuda("synchronize", cudaStreamSynchronize(stream));
    std::printf("y(0, 0) = %g by %s\n", static_cast<double>(result[0]), fb::device_kernel_name(activations, packed, y).c_str());
} catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
