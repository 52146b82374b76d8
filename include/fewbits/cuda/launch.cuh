// From a kernel struct to a launch: the library's only __global__ function.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "error.cuh"
#include "ptx/machine.cuh"

namespace fewbits {

/// Kernel::run in every thread of the grid. Arguments lie in constant memory and may hold what the copy engine reads there.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, Kernel::blocks_per_multiprocessor)
    enter_kernel(__grid_constant__ typename Kernel::arguments const arguments) {
#if defined(__CUDA_ARCH__)
    if constexpr (__CUDA_ARCH__ >= Kernel::architecture) {
        gpu machine;
        Kernel::run(machine, arguments);
    } else {
        __trap();  // code for an older chip, which nvcc makes unless told otherwise
    }
#endif
}

inline namespace FEWBITS_BASELINE {

/// Starts Kernel on the stream, `blocks` blocks with `shared_bytes` of shared memory each; throws cuda_error. Returns at once.
template <class Kernel>
void launch(cudaStream_t stream, unsigned blocks, std::size_t shared_bytes, typename Kernel::arguments const& arguments) {
    if (blocks == 0) return;
    if (shared_bytes > 48 * 1024) {  // more has to be asked for
        check_cuda("cudaFuncSetAttribute", cudaFuncSetAttribute(enter_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                                static_cast<int>(shared_bytes)));
    }
    enter_kernel<Kernel><<<blocks, Kernel::threads, shared_bytes, stream>>>(arguments);
    check_cuda("kernel launch", cudaGetLastError());
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
