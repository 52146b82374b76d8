// A kernel of one's own with numbers of a narrow format: they are ordinary values, in device code too.
//     nvcc -std=c++20 -I include examples/cuda_kernel/cuda_kernel.cu -o cuda_kernel
#include <cstdio>
#include <exception>
#include <fewbits/cuda.hpp>

namespace fb = fewbits;

/// y = relu(x) + bias, sums in fp32, one rounding to eight bits.
__global__ void relu_plus(fb::e4m3* y, fb::e4m3 const* x, float bias, int count) {
    int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    float const value = static_cast<float>(x[i]);
    y[i] = fb::round_to<fb::e4m3>((value > 0 ? value : 0) + bias, fb::nearest_even);
}

int main() try {
    fb::e4m3 numbers[8] = {fb::e4m3{-3.0F}, fb::e4m3{0.3F}, fb::e4m3{1.0F}, fb::e4m3{17.0F},
                           fb::e4m3{-448.0F}, fb::e4m3{448.0F}, fb::e4m3{0.001953125F}, fb::e4m3{0.0F}};
    fb::device_memory const memory(sizeof numbers);
    auto* const on_device = reinterpret_cast<fb::e4m3*>(memory.data());
    fb::check_cuda("copy", cudaMemcpy(on_device, numbers, sizeof numbers, cudaMemcpyHostToDevice));
    relu_plus<<<1, 32>>>(on_device, on_device, 0.5F, 8);
    fb::check_cuda("launch", cudaGetLastError());
    fb::check_cuda("copy", cudaMemcpy(numbers, on_device, sizeof numbers, cudaMemcpyDeviceToHost));
    for (fb::e4m3 const x : numbers) std::printf("%g ", static_cast<double>(x));
    std::printf("\n");
} catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
