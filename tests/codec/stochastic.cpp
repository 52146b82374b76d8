// Stochastic rounding over all its random bits: exactly as many go away from zero as the fraction says.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace oracle;

namespace {

/// Of all 2^n values of the random bits, how many give `upper`, the rest being `lower`; -1 if any gives something else.
int count_upper(format_under_test const& f, double x, int n, unsigned lower, unsigned upper) {
    int ups = 0;
    for (unsigned s = 0; s < (1U << n); ++s) {
        unsigned const got = f.from_double(x, fb::stochastic{.bits = s, .count = n}, fb::saturate);
        if (got == upper)
            ++ups;
        else if (got != lower)
            return -1;
    }
    return ups;
}

} // namespace

TEST_CASE("unbiased: k of 2^n random bits move a value k/2^n of a step", "[codec][stochastic]") {
    constexpr int n = 4;
    for (format_under_test const& f : formats_under_test()) {
        if (f.expected.about().kind == shape::codebook) continue; // their gaps are no multiples of 2^-n
        tally t;
        auto const& values = f.expected.ascending();
        std::size_t const stride = f.expected.about().width > 8 ? 97 : 1;
        for (std::size_t i = 0; i + 1 < values.size(); i += stride) {
            code_value const& a = values[i];
            code_value const& b = values[i + 1];
            if (a.value == b.value) continue; // the two zeros
            double const step = std::ldexp(b.value - a.value, -n);
            for (int k = 0; k <= 1 << n; ++k) {
                double const x = a.value + k * step;
                if (x == 0) continue;
                int const ups = count_upper(f, x, n, a.code, b.code);
                t.expect(ups == k, [&](auto& out) {
                    out << f.expected.about().name << ' ' << x << ": " << ups << " of 16, not " << k;
                });
            }
        }
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("away from zero when d * 2^n + s >= 2^n, not one bit sooner", "[codec][stochastic]") {
    // between 1 and 1.125 of e4m3: d = k/8 of a step of 2^-3
    for (int n = 3; n <= 32; ++n) {
        std::uint64_t const whole = std::uint64_t{1} << n;
        for (std::uint64_t k = 1; k < 8; ++k) {
            float const x = 1.0F + static_cast<float>(k) / 64.0F;
            auto const boundary = static_cast<std::uint32_t>(whole - k * whole / 8);
            auto const round = [&](float v, std::uint32_t s) {
                return float(fb::round_to<fb::e4m3>(v, fb::stochastic{.bits = s, .count = n}));
            };
            REQUIRE(round(x, boundary) == 1.125F);
            REQUIRE(round(x, boundary - 1) == 1.0F);
            REQUIRE(round(-x, boundary) == -1.125F);
            REQUIRE(round(-x, boundary - 1) == -1.0F);
            REQUIRE(round(1.0F, static_cast<std::uint32_t>(whole - 1)) == 1.0F); // d = 0 never moves
        }
    }
    // of a double far below the smallest step nothing moves until d * 2^32 reaches 1
    constexpr fb::stochastic all_ones{.bits = 0xffff'ffffU};
    REQUIRE(fb::round_to<fb::e4m3>(0x1p-41, all_ones).bits() == 1U);
    REQUIRE(fb::round_to<fb::e4m3>(0x1.fffffffffffffp-42, all_ones).bits() == 0U);
    REQUIRE(fb::round_to<fb::e4m3>(-0x1p-1074, all_ones).bits() == 0x80U);
}

TEST_CASE("with as many bits as are cut off it is add and truncate", "[codec][stochastic]") {
    tally t;
    for (std::uint32_t s = 0; s < 0x1'0000U; s += 251) {
        for (std::uint32_t low = 0; low < 0x1'0000U; low += 509) {
            std::uint32_t const bits = 0x4049'0000U | low; // about 3.14
            auto const got =
                fb::round_to<fb::bf16>(std::bit_cast<float>(bits), fb::stochastic{.bits = s, .count = 16}).bits();
            t.expect(got == (bits + s) >> 16, [&](auto& out) { out << bits << " + " << s << " -> " << got; });
        }
    }
    REQUIRE_TALLY(t);
}

TEST_CASE("a bare stochastic{bits} has 32 of them", "[codec][stochastic]") {
    REQUIRE(float(fb::round_to<fb::e4m3>(1.0625F, fb::stochastic{0x8000'0000U})) == 1.125F);
    REQUIRE(float(fb::round_to<fb::e4m3>(1.0625F, fb::stochastic{0x7fff'ffffU})) == 1.0F);
    REQUIRE(float(fb::round_to<fb::e4m3>(1.0625F, fb::stochastic{})) == 1.0F);
}
