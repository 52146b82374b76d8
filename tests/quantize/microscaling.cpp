// OCP MX: scale exponents from the largest magnitude, elements by exact division, for every element format of the
// specification.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

/// What a block's scale byte must be, by OCP MX 1.0 section 6.3.
int scale_byte(matrix const& x, std::size_t row, std::size_t first, std::size_t last, int emax) {
    double largest = 0;
    for (std::size_t c = first; c < last; ++c) largest = std::max(largest, std::fabs(wide(x(row, c))));
    if (!(largest > 0)) return 0;
    return clamp(std::ilogb(largest) - emax, -127, 127) + 127;
}

/// The bits of the fp32 number that an E8M0 byte stands for.
std::uint32_t power_bits(int byte) { return byte == 0 ? 0x40'0000U : static_cast<std::uint32_t>(byte) << 23; }

template <class F> void check_microscaling(matrix const& x, int emax) {
    using element = typename F::element;
    auto const q = fb::quantize<F>(x.view());
    auto const y = dequantized(q);
    std::size_t const blocks = (x.cols + 31) / 32;
    REQUIRE(q.streams().size() == 2);
    REQUIRE(q.streams()[1].size() == x.rows * blocks);
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            std::size_t const first = c / 32 * 32;
            int const byte = scale_byte(x, r, first, std::min(x.cols, first + 32), emax);
            auto const stored = static_cast<int>(q.streams()[1][r * blocks + c / 32]);
            double const quotient = std::ldexp(wide(x(r, c)), 127 - byte);
            unsigned code = nearest_code<element>(quotient);
            if (std::is_same_v<F, fb::mxint8>) {
                code = static_cast<unsigned>(clamp(nearest_integer(quotient * 64), -127, 127)) & 0xffU;
            }
            auto const value = static_cast<float>(std::ldexp(wide(element_value<element>(code)), byte - 127));
            bool const right = stored == byte && q.code(r, c) == code && bits(q.value(r, c)) == bits(value) &&
                               bits(y(r, c)) == bits(value) && bits(q.scale(r, c)) == power_bits(byte);
            t.expect(right, [&](auto& out) {
                out << F::name << ' ' << r << ',' << c << " x " << x(r, c) << " byte " << stored << " want " << byte
                    << " code " << q.code(r, c) << " want " << code << " value " << q.value(r, c) << " want " << value;
            });
        }
    }
    REQUIRE_TALLY(t);
}

void check_all(matrix const& x) {
    check_microscaling<fb::mxfp8_e4m3>(x, 8);
    check_microscaling<fb::mxfp8_e5m2>(x, 15);
    check_microscaling<fb::mxfp6_e3m2>(x, 4);
    check_microscaling<fb::mxfp6_e2m3>(x, 2);
    check_microscaling<fb::mxfp4>(x, 2);
    check_microscaling<fb::mxint8>(x, 0);
}

} // namespace

TEST_CASE("microscaling formats follow the specification on ordinary data", "[quantize][mx]") {
    for (std::size_t cols : {1U, 31U, 32U, 33U, 64U, 70U, 300U}) check_all(rough_matrix(5, cols, cols));
}

TEST_CASE("the exponent comes from the exponent field, never from a rounded logarithm", "[quantize][mx]") {
    // Largest magnitudes at and beside every power of two; the rest of the block follows at a distance.
    matrix x(3 * 200, 32);
    words next(7);
    for (int e = -99; e <= 100; ++e) {
        for (int side = 0; side < 3; ++side) {
            std::size_t const row = 3 * static_cast<std::size_t>(e + 99) + static_cast<std::size_t>(side);
            float const top = from_bits(bits(std::ldexp(1.0F, e)) + static_cast<std::uint32_t>(side) - 1);
            for (std::size_t c = 0; c < 32; ++c) x(row, c) = std::ldexp(next.normal(), e - 2);
            x(row, static_cast<std::size_t>(side) + 5) = side == 1 ? -top : top;
        }
    }
    check_all(x);
}

TEST_CASE("blocks at both ends of fp32's range clamp their exponent", "[quantize][mx]") {
    matrix x(6, 32);
    words next(8);
    for (std::size_t c = 0; c < 32; ++c) {
        x(0, c) = from_bits(0x7f7f'ffffU - static_cast<std::uint32_t>(next.below(1U << 26)));
        x(1, c) = -from_bits(0x7f00'0000U - static_cast<std::uint32_t>(next.below(1U << 26)));
        x(2, c) = std::ldexp(next.normal(), 126);
        x(3, c) = 0.0F;
        x(4, c) = negative_zero();
        x(5, c) = std::ldexp(next.normal(), -100);
    }
    check_all(x);
    auto const q = fb::quantize<fb::mxfp4>(x.view());
    CHECK(q.streams()[1][3] == std::byte{0});
    CHECK(q.code(3, 7) == 0U);
    CHECK(q.code(4, 7) == 8U); // -0 keeps its sign
}

#ifndef __FAST_MATH__ // processors told to flush subnormals may see zeros here
TEST_CASE("subnormal magnitudes have exponents too", "[quantize][mx]") {
    matrix x(2 * 150, 32);
    words next(9);
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < 32; ++c) {
            auto const e = static_cast<int>(r / 2) - 149;
            x(r, c) = c == 3 ? std::ldexp(1.0F, e) : std::ldexp(next.normal(), e - static_cast<int>(r % 2));
        }
    }
    check_all(x);
}
#endif

TEST_CASE("elements saturate under the floor rule and take their whole range", "[quantize][mx]") {
    matrix x(1, 32);
    for (std::size_t c = 0; c < 32; ++c) x(0, c) = static_cast<float>(c) / 4.0F - 4.0F;
    x(0, 0) = 7.9F; // exponent 2 - 2 = 0: beyond 6
    auto const q = fb::quantize<fb::mxfp4>(x.view());
    CHECK(q.scale(0, 0) == 1.0F);
    CHECK(q.value(0, 0) == 6.0F);
    auto const e = fb::error_statistics(x.view(), q);
    CHECK(e.overflows == 1);
}

TEST_CASE("mxint8 reaches -128 only on request", "[quantize][mx]") {
    matrix x(1, 32);
    x(0, 0) = -1.999F;
    x(0, 1) = 1.999F;
    x(0, 2) = -1.0F / 64;
    auto const q = fb::quantize<fb::mxint8>(x.view());
    CHECK(q.code(0, 0) == 0x81U);
    CHECK(q.code(0, 1) == 0x7fU);
    CHECK(q.value(0, 0) == -127.0F / 64);
    CHECK(q.value(0, 2) == -1.0F / 64);
    auto const full = fb::quantize<fb::mxint8>(x.view(), {.full_range = true});
    CHECK(full.code(0, 0) == 0x80U);
    CHECK(full.value(0, 0) == -2.0F);
    CHECK(full.code(0, 1) == 0x7fU);
    CHECK(full.scale(0, 0) == q.scale(0, 0));
}

TEST_CASE("int4 blocks may take a power-of-two scale by the same rule", "[quantize][mx]") {
    matrix const x = rough_matrix(4, 100, 10);
    auto const q = fb::quantize<fb::int4_g32_e8m0>(x.view());
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            int const byte = scale_byte(x, r, c / 32 * 32, std::min(x.cols, c / 32 * 32 + 32), 2);
            int const code = clamp(nearest_integer(std::ldexp(wide(x(r, c)), 127 - byte)), -7, 7);
            t.expect(q.code(r, c) == (static_cast<unsigned>(code) & 15U) && bits(q.scale(r, c)) == power_bits(byte),
                [&](auto& out) {
                    out << r << ',' << c << ' ' << x(r, c) << " code " << q.code(r, c) << " want " << code;
                });
        }
    }
    REQUIRE_TALLY(t);
}
