// The catalogue's block formats, a quarter of them a test.
#include "simd_paths.hpp"

TEST_CASE("kernels give the bits of the plain loops, slice 0 of the block formats", "[quantize][simd]") { exact::simd::compare_slice<0>(); }
TEST_CASE("kernels give the bits of the plain loops, slice 1 of the block formats", "[quantize][simd]") { exact::simd::compare_slice<1>(); }
TEST_CASE("kernels give the bits of the plain loops, slice 2 of the block formats", "[quantize][simd]") { exact::simd::compare_slice<2>(); }
TEST_CASE("kernels give the bits of the plain loops, slice 3 of the block formats", "[quantize][simd]") { exact::simd::compare_slice<3>(); }
