// One product of matrices on the device: what its kernels are given and choose by.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

#include "error.cuh"
#include "operands/product_operand.hpp"

namespace fewbits {

/// Which arithmetic a product on the device may use.
enum class device_compute : unsigned char {
    native,  ///< that of the tensor cores for the operands' own type: sums of FP8 are within about 2^-10 * sum |a||w|, 2^-6 at worst
    exact    ///< integer pairs to the bit, others within 1e-5 * sum |a||w|
};

/// How far a kernel's results are from exact ones, usually and at worst, in units of sum |a||w| + |bias|. Integer pairs have no error.
struct device_error {
    double usual;
    double worst;
};
inline constexpr device_error fp32_sums{1e-5, 1e-5};
inline constexpr device_error float8_sums{0x1p-10, 0x1p-6};  ///< of FP8 as tensor cores are known to add them, in 13 bits

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

/// Throws std::invalid_argument unless there are so many bytes of scratch.
inline void check_scratch(device_gemm_options const& options, std::size_t needed) {
    if (options.scratch.size() < needed) {
        throw std::invalid_argument("gemm on the device: " + std::to_string(options.scratch.size()) + " bytes of scratch, " +
                                    std::to_string(needed) + " are needed");
    }
}

/// Multiprocessors of the current device.
inline int multiprocessors() {
    int device = 0;
    int count = 0;
    check_cuda("cudaGetDevice", cudaGetDevice(&device));
    check_cuda("cudaDeviceGetAttribute", cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
    return count;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
