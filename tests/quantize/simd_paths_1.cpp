// Slice 1 of the block formats.
#include "simd_paths.hpp"

TEST_CASE("kernels give the bits of the plain loops, slice 1 of the block formats", "[quantize][simd]") {
    exact::simd::compare_slice<1>();
}
