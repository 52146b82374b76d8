// The once-rounded float operations: nearest even, never fused, against exact integers and against double arithmetic.
#include <fewbits/bits/rounded.hpp>

#include "../oracle/keys.hpp"
#include "../oracle/tally.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <cmath>

namespace fb = fewbits;

static_assert(fb::mul_rn(0.1F, 0.1F) == 0x1.47ae16p-7F);
static_assert(fb::add_rn(1.0F, 0x1p-24F) == 1.0F && fb::add_rn(1.0F, 0x1.8p-24F) == 0x1.000002p0F);
static_assert(fb::sub_rn(1.0F, 0x1p-25F) == 1.0F && fb::div_rn(1.0F, 3.0F) == 0x1.555556p-2F);

namespace {

/// A finite float whose exponent leaves sums, products and quotients of two normal.
float moderate() {
    auto const bits = *rc::gen::arbitrary<std::uint32_t>();
    return std::bit_cast<float>((bits & 0x807f'ffffU) | ((100U + (bits >> 23) % 56U) << 23));
}
/// An integer m of at most 24 bits as a float, and products with it exact in 64 bits.
std::int32_t mantissa() { return *rc::gen::inRange(-(1 << 24), (1 << 24) + 1); }

/// The integer n rounded once to 24 bits, ties to even.
double rounded_integer(oracle::wide n) {
    bool const negative = n < 0;
    oracle::wide magnitude = negative ? -n : n;
    int shift = 0;
    while ((magnitude >> shift) >= (oracle::wide{1} << 24)) ++shift;
    oracle::wide const rest = magnitude - ((magnitude >> shift) << shift);
    magnitude >>= shift;
    if (shift > 0) {
        oracle::wide const half = oracle::wide{1} << (shift - 1);
        if (rest > half || (rest == half && (magnitude & 1) != 0)) ++magnitude;
    }
    double const value = std::ldexp(static_cast<double>(static_cast<std::int64_t>(magnitude)), shift);
    return negative ? -value : value;
}

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

} // namespace

TEST_CASE("each operation rounds the exact result once", "[bits][rounded]") {
    rc::prop("add, sub, mul, div", [] {
        for (int i = 0; i < 20; ++i) {
            float const a = moderate();
            float const b = moderate();
            // a product of floats is exact in double; sums and quotients rounded to double and then to float
            // equal the once-rounded ones (Figueroa 1995: 53 >= 2 * 24 + 2)
            RC_ASSERT(bits_of(fb::mul_rn(a, b)) ==
                      bits_of(static_cast<float>(static_cast<double>(a) * static_cast<double>(b))));
            RC_ASSERT(bits_of(fb::add_rn(a, b)) ==
                      bits_of(static_cast<float>(static_cast<double>(a) + static_cast<double>(b))));
            RC_ASSERT(bits_of(fb::sub_rn(a, b)) ==
                      bits_of(static_cast<float>(static_cast<double>(a) - static_cast<double>(b))));
            volatile double const divisor = static_cast<double>(b); // no reciprocal in its place under -ffast-math
            volatile double const quotient = static_cast<double>(a) / divisor;
            RC_ASSERT(bits_of(fb::div_rn(a, b)) == bits_of(static_cast<float>(quotient)));
        }
    });
}

TEST_CASE("fma_rn rounds product and sum together", "[bits][rounded]") {
    rc::prop("integers: a * b + c exact in 64 bits", [] {
        for (int i = 0; i < 50; ++i) {
            std::int32_t const a = mantissa();
            std::int32_t const b = mantissa();
            int const scale = *rc::gen::inRange(0, 40);
            std::int64_t const product = std::int64_t{a} * b;
            // c near the product, near its negative or anywhere
            std::int32_t const small = mantissa();
            oracle::wide const c = oracle::wide{small} << scale;
            float const got =
                fb::fma_rn(static_cast<float>(a), static_cast<float>(b), std::ldexp(static_cast<float>(small), scale));
            RC_ASSERT(static_cast<double>(got) == rounded_integer(oracle::wide{product} + c));
        }
    });
    // a tie that only the product's last bit breaks: (1 + 2^-23)(1 - 2^-24) + 2^-... next to halves
    CHECK(fb::fma_rn(0x1.000002p0F, 0x1.fffffep-1F, -1.0F) == 0x1.fffffcp-25F);
    CHECK(fb::fma_rn(0x1p0F, 0x1p0F, 0x1p-24F) == 1.0F);
    CHECK(fb::fma_rn(0x1.000002p0F, 0x1p0F, 0x1p-24F) == 0x1.000004p0F);
    CHECK(fb::fma_rn(0x1p-30F, 0x1p-30F, 0x1.000001p-0F) == 0x1.000001p0F);
    CHECK(fb::fma_rn(0x1.000002p0F, 0x1.000002p-24F, 1.0F) == 0x1.000002p0F); // just above the tie
    CHECK(fb::fma_rn(0x1.fffffep0F, 0x1p-25F, 1.0F) == 1.0F);                 // just below it
}

TEST_CASE("a product followed by a sum is two roundings", "[bits][rounded]") {
    volatile float a = 0x1.000002p0F;
    volatile float b = 0x1.fffffep-1F;
    float const twice = fb::sub_rn(fb::mul_rn(a, b), 1.0F); // the product rounds to 1
    CHECK(bits_of(twice) == bits_of(0.0F));
    volatile float x = 3.0F;
    volatile float y = 0.1F;
    CHECK(fb::div_rn(x, y) == static_cast<float>(3.0 / static_cast<double>(0.1F))); // not x * (1 / y)
}
