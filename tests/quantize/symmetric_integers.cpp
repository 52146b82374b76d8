// Symmetric integers of every granularity, restricted and full range.
#include "symmetric.hpp"

using namespace exact;

TEST_CASE("symmetric integers of every granularity follow the definition to the bit", "[quantize][symmetric]") {
    check_shapes<fb::int8_tensor>({0, 0, 127, -127, 127});
    check_shapes<fb::int8_row>({1, 0, 127, -127, 127});
    check_shapes<fb::int8_column>({0, 1, 127, -127, 127});
    check_shapes<fb::int8_g128>({1, 128, 127, -127, 127});
    check_shapes<fb::int6_g64>({1, 64, 31, -31, 31});
    check_shapes<fb::int5_g64>({1, 64, 15, -15, 15});
    check_shapes<fb::int4_row>({1, 0, 7, -7, 7});
    check_shapes<fb::int4_g32>({1, 32, 7, -7, 7});
    check_shapes<fb::int3_g64>({1, 64, 3, -3, 3});
    check_shapes<fb::int2_g32>({1, 32, 1, -1, 1});
    check_shapes<fb::q8_k>({1, 256, 127, -127, 127});
}

TEST_CASE("the full range adds the lowest code, half a step out", "[quantize][symmetric]") {
    check_symmetric<fb::int8_g128>({1, 128, 127.5F, -128, 127}, rough_matrix(5, 300, 1, 3), {.full_range = true});
    check_symmetric<fb::int4_g32>({1, 32, 7.5F, -8, 7}, rough_matrix(5, 300, 2, 3), {.full_range = true});
    check_symmetric<fb::int2_g32>({1, 32, 1.5F, -2, 1}, rough_matrix(5, 300, 3, 3), {.full_range = true});
    matrix x(1, 32);
    x(0, 0) = -7.5F;
    auto const q = fb::quantize<fb::int4_g32>(x.view(), {.full_range = true});
    CHECK(q.code(0, 0) == 8U);
    CHECK(q.value(0, 0) == -8.0F);
}
