// fewbits on the device beside cuBLASLt and a copy, in one process; writes a page of tables. run.sh builds it and keeps the page.
//     cuda_gemm [quantize] [few] [many]     (all parts by default)
// Ends with 1 where there is no device or a result was wrong.
#include <cstdio>
#include <exception>
#include <set>
#include <string>

#include "session.cuh"

namespace {

using bench::check_cuda;

struct owned_stream {
    cudaStream_t stream = nullptr;
    owned_stream() { check_cuda("cudaStreamCreate", cudaStreamCreate(&stream)); }  // in order with plain copies and cudaMemset
    owned_stream(owned_stream const&) = delete;
    owned_stream& operator=(owned_stream const&) = delete;
    ~owned_stream() { cudaStreamDestroy(stream); }
};

double copy_rate(cudaStream_t stream) {
    std::size_t const bytes = std::size_t{1} << 30;
    fewbits::device_memory const from(bytes);
    fewbits::device_memory const to(bytes);
    check_cuda("cudaMemset", cudaMemset(from.data(), 0x5A, bytes));
    auto const copy = [&] {
        check_cuda("cudaMemcpyAsync", cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, stream));
    };
    return 2.0 * static_cast<double>(bytes) / bench::stopwatch(stream).median(copy);
}

void describe(double rate) {
    cudaDeviceProp chip{};
    int runtime = 0;
    int driver = 0;
    check_cuda("cudaGetDeviceProperties", cudaGetDeviceProperties(&chip, 0));
    check_cuda("cudaRuntimeGetVersion", cudaRuntimeGetVersion(&runtime));
    check_cuda("cudaDriverGetVersion", cudaDriverGetVersion(&driver));
    std::printf("- Chip: %s, compute capability %d.%d, %d multiprocessors, L2 %d MiB, %.0f GiB\n", chip.name, chip.major, chip.minor,
                chip.multiProcessorCount, chip.l2CacheSize >> 20, static_cast<double>(chip.totalGlobalMem) / (1U << 30));
    std::printf("- CUDA %d.%d (nvcc %d.%d), the driver's CUDA %d.%d, cuBLASLt %zu\n", runtime / 1000, runtime % 1000 / 10,
                __CUDACC_VER_MAJOR__, __CUDACC_VER_MINOR__, driver / 1000, driver % 1000 / 10, cublasLtGetVersion());
    std::printf("- A copy on the device (`cudaMemcpyAsync`, 1 GiB): %.0f GB/s read and written; \"of copy\" is a share of that\n",
                rate * 1e-9);
}

}  // namespace

int main(int count, char** arguments) try {
    std::set<std::string> const parts(arguments + 1, arguments + count);
    auto const wanted = [&](char const* part) { return parts.empty() || parts.contains(part); };
    int devices = 0;
    cudaError_t const found = cudaGetDeviceCount(&devices);
    if (found != cudaSuccess || devices == 0) {
        std::fprintf(stderr, "cuda_gemm: no CUDA device to measure on: %s\n",
                     found == cudaSuccess ? "none there" : cudaGetErrorString(found));
        return 1;
    }
    owned_stream const stream;
    bench::peer_library const library;
    double const rate = copy_rate(stream.stream);
    describe(rate);
    bench::session session{stream.stream, library, rate};
    if (wanted("quantize")) bench::measure_quantizing(session);
    if (wanted("few")) bench::measure_few_rows(session);
    if (wanted("many")) bench::measure_many_rows(session);
    return session.failed ? 1 : 0;
} catch (std::exception const& error) {
    std::fprintf(stderr, "cuda_gemm: %s\n", error.what());
    return 1;
}
