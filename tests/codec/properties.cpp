// What holds for every format without knowing its values: round trips, order, symmetry, idempotence, half a step.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <cmath>

using namespace oracle;

namespace {

float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
std::uint32_t arbitrary_number() { // any float but NaN
    auto const bits = *rc::gen::arbitrary<std::uint32_t>();
    return bits_are_nan(bits) ? bits & 0xff8f'ffffU & ~0x007f'ffffU : bits;
}
fb::rounding_rule arbitrary_rule(bool stochastic_too) {
    auto const m = static_cast<fb::rounding>(*rc::gen::inRange(0, stochastic_too ? 7 : 6));
    if (m == fb::random_bits) return fb::stochastic{.bits = *rc::gen::arbitrary<std::uint32_t>()};
    return m;
}
/// The place of a code among the finite values; -1 of NaN and infinities.
std::ptrdiff_t rank_of(format_under_test const& f, unsigned code) {
    auto const& values = f.expected.ascending();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].code == code) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
}

} // namespace

TEST_CASE("every bit pattern survives the way through float and double under to_special", "[codec][properties]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        bool const codebook = f.expected.about().kind == shape::codebook;
        for (code_value const& c : f.expected.codes()) {
            unsigned want = c.code;
            if (c.kind == category::nan) want = f.expected.nan_code(c.negative);
            // patterns that nothing encodes to (ternary 2) come back as the code of their value
            if (f.expected.about().kind == shape::integer && rank_of(f, c.code) < 0)
                want = f.from_double(c.value, fb::nearest_even, fb::saturate);
            for (int m = 0; m < (codebook ? 1 : 6); ++m) {
                auto const how = static_cast<fb::rounding>(m);
                unsigned const by_float = f.from_float(f.to_float(c.code), how, fb::to_special);
                unsigned const by_double = f.from_double(f.to_double(c.code), how, fb::to_special);
                t.expect(by_float == want && by_double == want, [&](auto& out) {
                    out << f.expected.about().name << ' ' << c.code << " -> " << by_float << " and " << by_double;
                });
            }
            unsigned const random =
                f.from_float(f.to_float(c.code), fb::stochastic{.bits = 0xffff'ffffU}, fb::to_special);
            t.expect(random == want, [&](auto& out) { out << f.expected.about().name << " stochastic " << c.code; });
        }
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("finite results are at most half a step away, or a whole one in directed modes", "[codec][properties]") {
    rc::prop("every format", [] {
        for (format_under_test const& f : formats_under_test()) {
            if (f.expected.about().kind == shape::codebook) continue;
            auto const& values = f.expected.ascending();
            auto const i = *rc::gen::inRange<std::size_t>(0, values.size() - 1);
            double const a = values[i].value;
            double const b = values[i + 1].value;
            double const x = a + (b - a) * static_cast<double>(*rc::gen::arbitrary<std::uint32_t>()) * 0x1p-32;
            auto const value_of = [&](fb::rounding m) { return f.to_double(f.from_double(x, m, fb::saturate)); };
            RC_ASSERT(std::abs(value_of(fb::nearest_even) - x) <= (b - a) / 2);
            RC_ASSERT(std::abs(value_of(fb::nearest_away) - x) <= (b - a) / 2);
            RC_ASSERT(value_of(fb::downward) == (x == b ? b : a));
            RC_ASSERT(value_of(fb::upward) == (x == a ? a : b));
            RC_ASSERT(std::abs(value_of(fb::toward_zero)) <= std::abs(x));
            RC_ASSERT((value_of(fb::to_odd) == a || value_of(fb::to_odd) == b));
            if (x != a && x != b && a != b) RC_ASSERT((f.from_double(x, fb::to_odd, fb::saturate) & 1U) == 1U);
        }
    });
}

TEST_CASE("monotone in every mode", "[codec][properties]") {
    rc::prop("x <= y", [] {
        for (format_under_test const& f : formats_under_test()) {
            auto const rule = arbitrary_rule(true);
            std::uint32_t x = key_of_bits(arbitrary_number());
            // mostly close to x, sometimes far away
            std::uint32_t y = *rc::gen::element(0, 1) == 0
                                  ? key_of_bits(arbitrary_number())
                                  : (std::min)(highest_float_key, x + *rc::gen::inRange(0U, 1U << 22));
            if (y < x) std::swap(x, y);
            bool const negative_has_no_code =
                !f.expected.about().has_sign && f.expected.about().kind == shape::minifloat;
            if (negative_has_no_code && x < key_of(0.0F)) continue;
            auto const first = rank_of(f, f.from_float(float_of_key(x), rule, fb::saturate));
            auto const second = rank_of(f, f.from_float(float_of_key(y), rule, fb::saturate));
            RC_ASSERT(first >= 0);
            RC_ASSERT(first <= second);
        }
    });
}

TEST_CASE("sign symmetric, upward and downward being mirror images", "[codec][properties]") {
    rc::prop("-x", [] {
        for (format_under_test const& f : formats_under_test()) {
            facts const& about = f.expected.about();
            if (about.kind != shape::minifloat || !about.has_sign) continue;
            auto const rule = arbitrary_rule(true);
            auto mirrored = rule;
            if (rule.mode == fb::upward) mirrored = fb::downward;
            if (rule.mode == fb::downward) mirrored = fb::upward;
            auto const policy = *rc::gen::element(fb::saturate, fb::to_special);
            std::uint32_t const bits = arbitrary_number();
            unsigned const sign = 1U << (about.width - 1);
            unsigned const plus = f.from_float(float_of(bits), rule, policy);
            unsigned const minus = f.from_float(float_of(bits ^ 0x8000'0000U), mirrored, policy);
            bool const signless =
                about.specials == special_codes::fnuz && (plus & (sign - 1U)) == 0; // 0 and NaN of fnuz
            RC_ASSERT(minus == (signless ? plus : plus ^ sign));
        }
    });
}

TEST_CASE("rounding again changes nothing", "[codec][properties]") {
    rc::prop("idempotent", [] {
        for (format_under_test const& f : formats_under_test()) {
            unsigned const once =
                f.from_float(float_of(*rc::gen::arbitrary<std::uint32_t>()), arbitrary_rule(true), fb::to_special);
            RC_ASSERT(f.from_float(f.to_float(once), arbitrary_rule(true), fb::to_special) == once);
            RC_ASSERT(f.from_double(f.to_double(once), arbitrary_rule(true), fb::to_special) == once);
        }
    });
}

TEST_CASE("a float and the double equal to it round alike", "[codec][properties]") {
    rc::prop("float as double", [] {
        for (format_under_test const& f : formats_under_test()) {
            std::uint32_t const bits = arbitrary_number();
            if ((bits & 0x7f80'0000U) == 0)
                continue; // a processor that flushes subnormals would change the value on the way
            auto const rule = arbitrary_rule(true);
            auto const policy = *rc::gen::element(fb::saturate, fb::to_special);
            RC_ASSERT(f.from_float(float_of(bits), rule, policy) ==
                      f.from_double(static_cast<double>(float_of(bits)), rule, policy));
        }
    });
}
