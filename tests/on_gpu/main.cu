// On a GPU: what the kernels quantize, dequantize and multiply, beside the host. Ends with 1 where something is wrong or there is no device.
#include <cstdio>
#include <exception>

#include "check.cuh"

int main() try {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::printf("no CUDA device: nothing was checked\n");
        return 1;
    }
    cudaDeviceProp properties{};
    fewbits::check_cuda("cudaGetDeviceProperties", cudaGetDeviceProperties(&properties, 0));
    std::printf("%s, compute capability %d.%d\n", properties.name, properties.major, properties.minor);
    on_gpu::tally results;
    on_gpu::stream const stream;
    on_gpu::check_quantize(stream, results);
    on_gpu::check_products(stream, results);
    std::printf("%d checks, %d wrong\n", results.done, results.wrong);
    return results.wrong == 0 ? 0 : 1;
} catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
