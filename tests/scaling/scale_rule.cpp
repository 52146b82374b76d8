// Power-of-two scales against exact arithmetic, for all exponents of fp32.
#include <fewbits/formats/all_formats.hpp>
#include <fewbits/scaling/scale_rule.hpp>

#include "oracle/tally.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <bit>
#include <cmath>

namespace fb = fewbits;

namespace {

using boost::multiprecision::cpp_int;

/// A positive float as significand * 2^(exponent - 200), from its fields.
cpp_int scaled(std::uint32_t bits) {
    unsigned const field = bits >> 23;
    cpp_int significand = (bits & 0x7f'ffffU) | (field == 0 ? 0U : 0x80'0000U);
    significand <<= (field == 0 ? 1 : field) + 200 - 150;
    return significand;
}
/// 2^e in the same unit, e >= -200.
cpp_int power(int e) { return cpp_int(1) << (e + 200); }
std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint32_t power_bits(int e) { return e >= -126 ? static_cast<std::uint32_t>(e + 127) << 23 : 1U << (e + 149); }

/// Largest element top / 2^shift. For every exponent the magnitudes around powers of two and around the decision
/// points.
template <class E> void check_rules(unsigned top, int shift) {
    oracle::tally t;
    auto const check = [&](std::uint32_t magnitude) {
        cpp_int const m = scaled(magnitude) << shift; // all comparisons times 2^shift
        cpp_int const largest = top;
        int floor = -150, emax = static_cast<int>(std::bit_width(top)) - 1 - shift;
        while (power(floor + 1) <= scaled(magnitude)) ++floor;
        floor = std::max(floor - emax, -127);
        int ceil = -127;
        while (ceil < 127 && largest * power(ceil) < m) ++ceil;
        int nearest = -127; // by distance, ties to the even biased exponent
        while (nearest < 127) {
            cpp_int const down = m - largest * power(nearest), up = largest * power(nearest + 1) - m;
            if (down < up || (down == up && (nearest + 127) % 2 == 0)) break;
            ++nearest;
        }
        float const x = std::bit_cast<float>(magnitude);
        auto const expect = [&](fb::scale_rule rule, int want) {
            float const scale = fb::power_of_two_scale<E>(x, rule);
            t.expect(bits_of(scale) == power_bits(want), [&](auto& out) {
                out << E::name << " rule " << static_cast<int>(rule) << " magnitude " << x << ": " << scale
                    << " want 2^" << want;
            });
        };
        expect(fb::scale_rule::floor, floor);
        expect(fb::scale_rule::ceil, ceil);
        expect(fb::scale_rule::absmax, nearest);
    };
    for (int e = -149; e <= 127; ++e) {
        std::uint32_t const one = power_bits(e);
        for (std::uint32_t d : {0U, 1U, 2U}) {
            if (one + d < 0x7f80'0000U) check(one + d);
            if (one > d) check(one - d);
        }
        // top * 2^e and 1.5 top * 2^e, where ceil and nearest change their mind, with neighbours
        for (double factor : {1.0, 1.5}) {
            double const point = factor * top * std::ldexp(1.0, e - shift);
            if (!(point > 0x1p-120) || point > 0x1.fp127) continue;
            std::uint32_t const b = bits_of(static_cast<float>(point));
            for (std::uint32_t magnitude : {b - 1, b, b + 1}) check(magnitude);
        }
    }
    check(0x7f7f'ffffU);
    REQUIRE_TALLY(t);
    CHECK(bits_of(fb::power_of_two_scale<E>(0.0F, fb::scale_rule::floor)) == 0U);
    CHECK(bits_of(fb::power_of_two_scale<E>(-0.0F, fb::scale_rule::ceil)) == 0U);
}

} // namespace

TEST_CASE("floor, ceil and nearest powers of two are exact for every exponent", "[scaling]") {
    check_rules<fb::e4m3>(448, 0);
    check_rules<fb::e5m2>(57344, 0);
    check_rules<fb::e3m2>(28, 0);
    check_rules<fb::e2m3>(15, 1);
    check_rules<fb::e2m1>(6, 0);
    check_rules<fb::mx_int8>(127, 6);
    check_rules<fb::int_n<4>>(7, 0);
}

TEST_CASE("largest elements and their exponents are the specification's", "[scaling]") {
    CHECK(fb::largest_exponent<fb::e4m3>() == 8);
    CHECK(fb::largest_exponent<fb::e5m2>() == 15);
    CHECK(fb::largest_exponent<fb::e3m2>() == 4);
    CHECK(fb::largest_exponent<fb::e2m3>() == 2);
    CHECK(fb::largest_exponent<fb::e2m1>() == 2);
    CHECK(fb::largest_exponent<fb::mx_int8>() == 0);
    CHECK(fb::largest_element<fb::int_n<8>>() == 127.0F);
    CHECK(fb::largest_element<fb::int_n<8>>(true) == 127.5F);
    CHECK(fb::largest_element<fb::int_n<2>>(true) == 1.5F);
    CHECK(fb::largest_element<fb::mx_int8>(true) == 127.0F / 64);
    CHECK(fb::largest_element<fb::ternary>(true) == 1.0F);
    CHECK(fb::largest_element<fb::uint_n<4>>() == 15.0F);
    CHECK(fb::largest_element<fb::nf4>() == 1.0F);
    CHECK(fb::largest_element<fb::iq4_values>() == 127.0F);
}

TEST_CASE("powers of two cover fp32's exponents and stop at its ends", "[scaling]") {
    for (int e = -149; e <= 127; ++e) {
        CHECK(bits_of(fb::power_of_two(e)) == power_bits(e));
        CHECK(fb::floor_log2(std::bit_cast<float>(power_bits(e))) == e);
    }
    CHECK(bits_of(fb::power_of_two(-150)) == 0U);
    CHECK(bits_of(fb::power_of_two(200)) == power_bits(127));
    CHECK(fb::floor_log2(std::bit_cast<float>(0x7f7f'ffffU)) == 127);
    CHECK(fb::floor_log2(std::bit_cast<float>(0x007f'ffffU)) == -127);
}
