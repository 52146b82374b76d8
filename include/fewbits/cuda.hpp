// The umbrella for the device: what fewbits.hpp has for matrices on the host, for matrices in device memory. Compilers other than nvcc
// get the host's part of it.
#pragma once

#include "fewbits.hpp"

#if defined(__CUDACC__)
#include "cuda/device_matrix.cuh"
#include "cuda/gemm.cuh"
#include "cuda/quantize.cuh"
#endif
