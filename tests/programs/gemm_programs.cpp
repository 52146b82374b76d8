// The one unit that compiles gemm's kernels for all tests.
#include "gemm_programs.hpp"

template struct fewbits::gemm_programs<>;
