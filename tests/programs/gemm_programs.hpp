// For all tests but those of units with flags of their own: gemm's kernels are compiled once, in gemm_programs.cpp.
#pragma once

#include <fewbits/gemm/gemm.hpp>

extern template struct fewbits::gemm_programs<>;
