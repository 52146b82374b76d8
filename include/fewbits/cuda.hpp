// The umbrella for the device: what fewbits.hpp has for matrices on the host, for matrices in device memory. For nvcc.
#pragma once

#include "fewbits.hpp"

#include "cuda/device_matrix.cuh"
#include "cuda/gemm.cuh"
#include "cuda/quantize.cuh"
