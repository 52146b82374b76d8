// From a kernel struct to a launch: the library's only __global__ function.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "device_target.hpp"
#include "error.cuh"
#include "ptx/machine.cuh"

namespace fewbits {

#if defined(__CUDA_ARCH__)
/// What this is being compiled for.
inline constexpr device_target compiled_for{
    __CUDA_ARCH__,
#if defined(__CUDA_ARCH_SPECIFIC__)
    __CUDA_ARCH_SPECIFIC__,
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)  // before CUDA 12.9
    900,
#else
    0,
#endif
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__)
    __CUDA_ARCH_FAMILY_SPECIFIC__,
#else
    0,
#endif
};
#endif

/// Whether what is being compiled can hold Kernel's code; the host does not ask.
template <class Kernel>
consteval bool has_target() {
#if defined(__CUDA_ARCH__)
    return Kernel::runs_on(compiled_for);
#else
    return true;
#endif
}

/// Kernel::run in every thread of the grid. Arguments lie in constant memory and may hold what the copy engine reads there. Where the
/// target cannot have the code (nvcc makes some for sm_75 unless told otherwise) a block has one thread at most: no launch gets there.
template <class Kernel>
__global__ void __launch_bounds__(has_target<Kernel>() ? Kernel::threads : 1, has_target<Kernel>() ? Kernel::blocks_per_multiprocessor : 1)
    enter_kernel(__grid_constant__ typename Kernel::arguments const arguments) {
#if defined(__CUDA_ARCH__)
    if constexpr (has_target<Kernel>()) {
        gpu machine;
        Kernel::run(machine, arguments);
    } else {
        __trap();
    }
#endif
}

inline namespace FEWBITS_BASELINE {

/// Whether this program holds Kernel's code for the current device.
template <class Kernel>
bool can_launch() {
    cudaFuncAttributes found{};
    if (cudaFuncGetAttributes(&found, enter_kernel<Kernel>) != cudaSuccess) {
        cudaGetLastError();  // what the program was not built for is no error of a later call
        return false;
    }
    return found.maxThreadsPerBlock >= static_cast<int>(Kernel::threads);
}

/// Starts Kernel on the stream, `blocks` blocks with `shared_bytes` of shared memory each, clusters of `together` of them at the same time;
/// throws cuda_error. Returns at once.
template <class Kernel>
void launch(cudaStream_t stream, unsigned blocks, std::size_t shared_bytes, typename Kernel::arguments const& arguments,
            unsigned together = 1) {
    if (blocks == 0) return;
    if (shared_bytes > 48 * 1024) {  // more has to be asked for
        check_cuda("cudaFuncSetAttribute", cudaFuncSetAttribute(enter_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                                static_cast<int>(shared_bytes)));
    }
    if (together == 1) {
        enter_kernel<Kernel><<<blocks, Kernel::threads, shared_bytes, stream>>>(arguments);
        check_cuda("kernel launch", cudaGetLastError());
    } else {
        cudaLaunchAttribute cluster{};
        cluster.id = cudaLaunchAttributeClusterDimension;
        cluster.val.clusterDim.x = together;
        cluster.val.clusterDim.y = 1;
        cluster.val.clusterDim.z = 1;
        cudaLaunchConfig_t const config{dim3(blocks), dim3(Kernel::threads), shared_bytes, stream, &cluster, 1};
        check_cuda("kernel launch", cudaLaunchKernelEx(&config, enter_kernel<Kernel>, arguments));
    }
}

}  // namespace FEWBITS_BASELINE

/// What launches kernels for the steps of an operation (quantize_steps, skinny_steps), in order.
struct stream_launch {
    cudaStream_t stream;

    template <class Kernel>
    void run(unsigned blocks, typename Kernel::arguments const& arguments, unsigned together = 1) {
        launch<Kernel>(stream, blocks, Kernel::shared_bytes, arguments, together);
    }
    void clear(void* from, std::size_t bytes) { check_cuda("cudaMemsetAsync", cudaMemsetAsync(from, 0, bytes, stream)); }
};

}  // namespace fewbits
