// NVFP4: two levels of scales, every rounding of the definition.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

float largest(matrix const& x, std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1) {
    float m = 0;
    for (std::size_t r = r0; r < r1; ++r) {
        for (std::size_t c = c0; c < c1; ++c) m = std::max(m, magnitude(x(r, c)));
    }
    return m;
}

void check_nvfp4(matrix const& x) {
    auto const q = fb::quantize<fb::nvfp4>(x.view());
    auto const y = dequantized(q);
    std::size_t const blocks = (x.cols + 15) / 16;
    REQUIRE(q.streams().size() == 3);
    REQUIRE(q.streams()[1].size() == x.rows * blocks);
    REQUIRE(q.streams()[2].size() == 4);
    float const st = div(largest(x, 0, x.rows, 0, x.cols), 2688.0F);
    REQUIRE(bits(stream_float(q.streams()[2], 0)) == bits(st));
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            std::size_t const first = c / 16 * 16;
            float const top = largest(x, r, r + 1, first, std::min(x.cols, first + 16));
            float const ratio = st > 0 ? div(div(top, 6.0F), st) : 0.0F;
            unsigned const scale = nearest_code<fb::e4m3>(wide(ratio));
            float const eff = mul(element_value<fb::e4m3>(scale), st);
            unsigned const sign = bits(x(r, c)) >> 31;
            unsigned const code = eff > 0 ? nearest_code<fb::e2m1>(wide(div(x(r, c), eff))) : sign * 8;
            float const value = mul(element_value<fb::e2m1>(code), eff);
            bool const right = static_cast<unsigned>(q.streams()[1][r * blocks + c / 16]) == scale &&
                               q.code(r, c) == code && bits(q.scale(r, c)) == bits(eff) &&
                               bits(q.value(r, c)) == bits(value) && bits(y(r, c)) == bits(value);
            t.expect(right, [&](auto& out) {
                out << r << ',' << c << " x " << x(r, c) << " scale " << q.scale(r, c) << " want " << eff << " code "
                    << q.code(r, c) << " want " << code;
            });
        }
    }
    REQUIRE_TALLY(t);
}

} // namespace

TEST_CASE("nvfp4 follows its definition to the bit", "[quantize][nvfp4]") {
    for (std::size_t cols : {1U, 15U, 16U, 17U, 64U, 100U, 515U}) check_nvfp4(rough_matrix(7, cols, cols, 4));
    check_nvfp4(rough_matrix(9, 256, 3, 30)); // many blocks whose scale underflows to 0
    check_nvfp4(normal_matrix(16, 256, 4, 300));
}

TEST_CASE("nvfp4 block scales reach 448 and underflow to zero", "[quantize][nvfp4]") {
    matrix x(1, 64);
    x(0, 0) = 2688.0F;
    x(0, 16) = 6.0F * 0x1p-10F; // half the smallest e4m3: a tie, to even, hence 0
    x(0, 17) = -6.0F * 0x1p-11F;
    x(0, 32) = 6.5F * 0x1p-10F;
    auto const q = fb::quantize<fb::nvfp4>(x.view());
    CHECK(q.scale(0, 0) == 448.0F);
    CHECK(q.value(0, 0) == 2688.0F);
    CHECK(q.scale(0, 16) == 0.0F);
    CHECK(q.code(0, 16) == 0U);
    CHECK(q.code(0, 17) == 8U); // -0 by the sign of x
    CHECK(q.scale(0, 32) == 0x1p-9F);
    check_nvfp4(x);
}

TEST_CASE("an all-zero nvfp4 tensor is all zero", "[quantize][nvfp4]") {
    matrix x(2, 20);
    x(1, 3) = negative_zero();
    auto const q = fb::quantize<fb::nvfp4>(x.view());
    check_nvfp4(x);
    CHECK(bits(q.value(0, 0)) == 0U);
    CHECK(bits(q.value(1, 3)) == 0x8000'0000U);
}
