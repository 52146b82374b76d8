// Codes by words against the definition: a stride of all floats, and every float near every boundary.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/numbers/column_runs.hpp>
#include <fewbits/cuda/numbers/element_numbers.hpp>
#include <fewbits/cuda/numbers/nearest_codes.hpp>
#include <fewbits/fewbits.hpp>
#include <limits>

namespace fb = fewbits;

namespace {

template <class E>
unsigned defined(float x) {
    return fb::restricted<E>(static_cast<unsigned>(E::codec::encode(fb::unpack(x), fb::nearest_even, fb::saturate)), false);
}

/// The first of four floats that gets another code than by the definition, or NaN.
template <class E>
bool same_codes(float const (&x)[4]) {
    float lifted[4];
    for (int i = 0; i < 4; ++i) lifted[i] = x[i] * fb::power_of_two(fb::lift_of<E>);
    fb::integer_bounds bounds;
    if constexpr (E::kind == fb::format_kind::integer) bounds = fb::bounds_of<E>(false);
    std::uint32_t const codes = fb::nearest_codes<E>(lifted, x, bounds);
    bool same = true;
    for (int i = 0; i < 4; ++i) same = same && (codes >> 8 * i & 0xFFU) == defined<E>(x[i]);
    return same;
}

template <class E>
bool same_everywhere() {
    bool same = true;
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 4 * 1021) {
        float x[4];
        for (unsigned i = 0; i < 4; ++i) {
            std::uint32_t const at = static_cast<std::uint32_t>(bits + i * 1021);
            x[i] = (at & 0x7F800000U) == 0x7F800000U ? 0.0F : fb::bit_cast<float>(at);
            if (fb::magnitude_of(x[i]) > 0x1p100F) x[i] = 7;  // would be infinite when lifted
        }
        same = same && same_codes<E>(x);
    }
    // Around every value and every midpoint.
    for (unsigned code = 0; code + 1 < 1U << E::width; ++code) {
        float const a = static_cast<float>(E::from_bits(code));
        float const b = static_cast<float>(E::from_bits(code + 1));
        for (float centre : {a, (a + b) / 2, -(a + b) / 2}) {
            if (!fb::is_finite(centre)) continue;
            for (std::uint32_t i = 0; i < 16; ++i) {
                float const x = fb::bit_cast<float>(fb::bit_cast<std::uint32_t>(centre) + i - 8);
                float const y = fb::is_finite(x) && fb::magnitude_of(x) < 1e30F ? x : 0.0F;
                float const four[4] = {y, -y, 0.0F, -0.0F};
                same = same && same_codes<E>(four);
            }
        }
    }
    return same;
}

/// What the PTX ISA says of cvt.rn.satfinite from f32 to a minifloat E: the nearest value, of two the even code, at most the largest.
template <class E>
unsigned as_the_isa_says(float x) {
    constexpr int mantissa = E::codec::mantissa_bits;
    constexpr int least = 1 - E::codec::bias;  // the exponent of the smallest normal number
    double const largest = static_cast<double>(std::numeric_limits<E>::max());
    double const magnitude = std::fabs(static_cast<double>(x));
    int const exponent = magnitude == 0 ? least : std::max(std::ilogb(magnitude), least);
    double const rounded = std::min(std::ldexp(std::nearbyint(std::ldexp(magnitude, mantissa - exponent)), exponent - mantissa), largest);
    int const field = rounded < std::ldexp(1.0, least) ? least : std::ilogb(rounded);
    int const steps = static_cast<int>(std::ldexp(rounded, mantissa - field));
    return static_cast<unsigned>(((field - least) << mantissa) + steps) | (std::signbit(x) ? 1U << (E::width - 1) : 0U);
}

/// Whether eight floats at a time, `step` apart, are converted so by the device's instructions (here their model), by words and by the host.
template <class E>
bool converts_as_the_isa_says(std::uint64_t step) {
    bool same = true;
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 8 * step) {
        float x[8];
        float magnitudes[8];
        for (unsigned i = 0; i < 8; ++i) {
            std::uint32_t const at = static_cast<std::uint32_t>(bits + i * step);
            x[i] = (at & 0x7F800000U) == 0x7F800000U ? -0.0F : fb::bit_cast<float>(at);
            magnitudes[i] = fb::magnitude_of(x[i]);
        }
        std::uint64_t const codes = fb::converted_codes<E>(magnitudes, x);
        for (unsigned i = 0; i < 8; ++i) {
            auto const code = static_cast<unsigned>(codes >> (i * E::width) & fb::low_mask(E::width));
            same = same && code == as_the_isa_says<E>(x[i]) && code == fb::encode_nearest<E>(x[i], true);
        }
    }
    return same;
}

}  // namespace

TEST_CASE("codes by words are those of the definition") {
    CHECK(same_everywhere<fb::e4m3>());
    CHECK(same_everywhere<fb::e5m2>());
    CHECK(same_everywhere<fb::e4m3_fnuz>());
    CHECK(same_everywhere<fb::e3m4>());
    CHECK(same_everywhere<fb::e3m2>());
    CHECK(same_everywhere<fb::e2m3>());
    CHECK(same_everywhere<fb::e2m1>());
    CHECK(same_everywhere<fb::int_n<8>>());
    CHECK(same_everywhere<fb::int_n<3>>());
    CHECK(same_everywhere<fb::uint_n<4>>());
    CHECK(same_everywhere<fb::excess_int<5>>());
    CHECK(same_everywhere<fb::mx_int8>());
    CHECK(same_everywhere<fb::ternary>());
    CHECK(same_everywhere<fb::nf4>());
    CHECK(same_everywhere<fb::binary>());
}

TEST_CASE("four codes close up to a stream of bits") {
    for (std::uint32_t i = 0; i < 4096; ++i) {
        std::uint32_t const low = i * 2654435761U;
        std::uint32_t const high = ~low * 40503U;
        auto const stream = [&](int width) {
            std::uint64_t all = 0;
            for (int c = 0; c < 8; ++c) {
                std::uint64_t const code = (c < 4 ? low : high) >> 8 * (c % 4) & fb::low_mask(width);
                all |= code << (c * width);
            }
            return all;
        };
        auto const check = [&](auto w) {
            constexpr int width = decltype(w)::value;
            std::uint32_t const mask = static_cast<std::uint32_t>(fb::low_mask(width)) * 0x01010101U;
            return fb::closed_up<width>(low & mask, high & mask) == stream(width);
        };
        REQUIRE((check(fb::number<1>{}) && check(fb::number<2>{}) && check(fb::number<3>{}) && check(fb::number<4>{}) &&
                 check(fb::number<5>{}) && check(fb::number<6>{}) && check(fb::number<7>{}) && check(fb::number<8>{})));
    }
}

TEST_CASE("a known divisor divides") {
    for (std::uint32_t divisor : {1U, 2U, 3U, 5U, 7U, 12U, 64U, 100U, 641U, 65535U, 65536U, 1000003U, 0x40000001U, 0x7FFFFFFFU}) {
        fb::known_divisor const known(divisor);
        for (std::uint64_t n = 0; n < std::uint64_t{1} << 31; n += 99991) REQUIRE(known.quotient(static_cast<std::uint32_t>(n)) == n / divisor);
        for (std::uint32_t n : {divisor - 1, divisor, divisor + 1, 0x7FFFFFFFU, 0x7FFFFFFEU, 0x7FFFFFFFU / divisor * divisor}) {
            if (n < 0x80000000U) REQUIRE(known.quotient(n) == n / divisor);
            if (n != 0 && n < 0x80000001U) REQUIRE(known.quotient(n - 1) == (n - 1) / divisor);
        }
    }
}

/// The next on demand, with the argument [exhaustive]: minutes a format.
TEST_CASE("conversions are as the PTX ISA defines them") {
    CHECK(converts_as_the_isa_says<fb::e4m3>(4093));
    CHECK(converts_as_the_isa_says<fb::e5m2>(4093));
    CHECK(converts_as_the_isa_says<fb::e3m2>(4093));
    CHECK(converts_as_the_isa_says<fb::e2m3>(4093));
    CHECK(converts_as_the_isa_says<fb::e2m1>(4093));
    CHECK(fb::nearest_8bit_pair<4>(464.0F, -1e30F) == 0xFE7E);  // the largest, not NaN
    CHECK(fb::nearest_8bit_pair<4>(-0.0F, 0x1p-10F) == 0x0080);  // half the smallest: to even
    CHECK(fb::nearest_8bit_pair<5>(61440.0F, 0x1.8p-16F) == 0x027B);
}

TEST_CASE("conversions of all floats", "[.][exhaustive]") {
    SECTION("e4m3") { CHECK(converts_as_the_isa_says<fb::e4m3>(1)); }
    SECTION("e5m2") { CHECK(converts_as_the_isa_says<fb::e5m2>(1)); }
    SECTION("e3m2") { CHECK(converts_as_the_isa_says<fb::e3m2>(1)); }
    SECTION("e2m3") { CHECK(converts_as_the_isa_says<fb::e2m3>(1)); }
    SECTION("e2m1") { CHECK(converts_as_the_isa_says<fb::e2m1>(1)); }
}

TEST_CASE("every code of every format stands for its number") {
    fb::for_each(fb::all_scalars{}, [&]<class E>() {
        if constexpr (E::width <= 8) {
            bool same = true;
            auto const check = [&](float number, unsigned code) {
                float const wanted = static_cast<float>(E::from_bits(code));
                same = same && (fb::bit_cast<std::uint32_t>(number) == fb::bit_cast<std::uint32_t>(wanted) || (number != number && wanted != wanted));
            };
            for (unsigned code = 0; code < 1U << E::width; ++code) check(fb::number_of<E>(code), code);
            if constexpr (fb::has_conversion<E>) {  // eight codes in a row, from each on
                for (unsigned first = 0; first < 1U << E::width; ++first) {
                    auto const code_at = [&](unsigned i) { return (first + i * 5) & static_cast<unsigned>(fb::low_mask(E::width)); };
                    std::uint64_t codes = 0;
                    for (unsigned i = 0; i < 8; ++i) codes |= std::uint64_t{code_at(i)} << (i * E::width);
                    float numbers[8];
                    fb::converted_numbers<E>(codes, numbers);
                    for (unsigned i = 0; i < 8; ++i) check(numbers[i], code_at(i));
                }
            }
            INFO(E::name);
            CHECK(same);
        }
    });
}
