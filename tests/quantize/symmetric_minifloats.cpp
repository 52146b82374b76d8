// Symmetric blocks with narrow scales, minifloats over tensors, rows and tiles, and the two mean-magnitude formats.
#include "symmetric.hpp"

using namespace exact;

TEST_CASE("narrow scales are rounded first and the codes use them", "[quantize][symmetric]") {
    check_shapes<fb::int4_g128_fp16>({1, 128, 7, -7, 7});
    check_shapes<fb::int4_g128_bf16>({1, 128, 7, -7, 7});
    check_shapes<fb::q8_0>({1, 32, 127, -127, 127});
    check_shapes<fb::tq2_0>({1, 256, 1, -1, 1});
    check_shapes<fb::tq1_0>({1, 256, 1, -1, 1});
    // fp16 scales that saturate (the codes clamp) and that underflow to zero (the codes are zero)
    matrix x(2, 128);
    for (std::size_t c = 0; c < 128; ++c) {
        x(0, c) = static_cast<float>(c + 1) * 0x1p20F;
        x(1, c) = static_cast<float>(c + 1) * 0x1p-33F;
    }
    check_symmetric<fb::int4_g128_fp16>({1, 128, 7, -7, 7}, x);
    auto const q = fb::quantize<fb::int4_g128_fp16>(x.view());
    CHECK(q.scale(0, 0) == 65504.0F);
    CHECK(q.code(0, 127) == 7U);
    CHECK(q.scale(1, 0) == 0.0F);
    CHECK(q.code(1, 127) == 0U);
}

TEST_CASE("minifloats with fp32 scales follow the definition to the bit", "[quantize][symmetric]") {
    check_shapes<fb::e4m3_tensor>({0, 0, 448});
    check_shapes<fb::e4m3_row>({1, 0, 448});
    check_shapes<fb::e4m3_tile_1x128>({1, 128, 448});
    check_shapes<fb::e5m2_tensor>({0, 0, 57344});
    check_shapes<fb::e2m1_tensor>({0, 0, 6});
    check_shapes<fb::e2m1_row>({1, 0, 6});
    check_shapes<fb::e2m1_g32>({1, 32, 6});
}

TEST_CASE("tiles are cut off at the right and lower edge", "[quantize][symmetric]") {
    for (std::size_t rows : {1U, 127U, 128U, 129U, 260U}) {
        check_symmetric<fb::e4m3_tile_128x128>({128, 128, 448}, rough_matrix(rows, 140, rows, 3));
    }
    auto const q = fb::quantize<fb::e4m3_tile_128x128>(rough_matrix(260, 140, 1, 3).view());
    CHECK(q.streams()[1].size() == 3U * 2 * 4);
}

TEST_CASE(
    "a zero block has scale zero and codes zero, with the sign where the format has one", "[quantize][symmetric]") {
    matrix x(2, 64);
    x(0, 40) = 3.0F;
    x(1, 2) = negative_zero();
    auto const i = fb::quantize<fb::int4_g32>(x.view());
    CHECK(i.scale(0, 0) == 0.0F);
    CHECK(i.code(0, 3) == 0U);
    CHECK(bits(i.value(1, 2)) == 0U);
    CHECK(i.scale(0, 40) == div(3.0F, 7.0F));
    auto const e = fb::quantize<fb::e2m1_g32>(x.view());
    CHECK(e.code(1, 2) == 8U);
    CHECK(bits(e.value(1, 2)) == 0x8000'0000U);
}

TEST_CASE("ternary takes the mean magnitude of the tensor, binary the sign", "[quantize][ternary]") {
    for (std::size_t cols : {1U, 40U, 1024U, 1500U}) {
        matrix const x = rough_matrix(5, cols, cols, 2);
        double volatile total = 0;
        double volatile run = 0;
        std::size_t count = 0;
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < x.cols; ++c) {
                run = run + wide(magnitude(x(r, c)));
                if (++count % 1024 == 0) {
                    total = total + run;
                    run = 0;
                }
            }
        }
        auto const mean = static_cast<float>((total + run) / static_cast<double>(count));
        auto const q = fb::quantize<fb::bitnet>(x.view());
        auto const b = fb::quantize<fb::binary_tensor>(x.view());
        auto const y = dequantized(q);
        tally t;
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < x.cols; ++c) {
                int const code = clamp(nearest_integer(wide(div(x(r, c), mean))), -1, 1);
                float const value = mul(static_cast<float>(code), mean);
                bool const right = q.code(r, c) == (static_cast<unsigned>(code) & 3U) &&
                                   bits(q.scale(r, c)) == bits(mean) && bits(q.value(r, c)) == bits(value) &&
                                   bits(y(r, c)) == bits(value) && bits(b.scale(r, c)) == bits(mean) &&
                                   b.code(r, c) == (x(r, c) > 0 ? 1U : 0U) &&
                                   b.value(r, c) == (x(r, c) > 0 ? mean : -mean);
                t.expect(right, [&](auto& out) { out << r << ',' << c << ' ' << x(r, c) << ' ' << q.value(r, c); });
            }
        }
        REQUIRE_TALLY(t);
    }
    CHECK(fb::quantize<fb::bitnet>(matrix(3, 5).view()).scale(2, 4) == 0.0F);
}
