// Every code of every format as a source for every other format, against the oracle's step function over doubles.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

using namespace oracle;

namespace {

/// The double with this value and sign; a NaN keeps its sign.
std::uint64_t bits_of(code_value const& c) {
    constexpr std::uint64_t sign = 0x8000'0000'0000'0000U;
    switch (c.kind) {
    case category::nan:
        return 0x7ff8'0000'0000'0000U | (c.negative ? sign : 0U);
    case category::infinity:
        return double_infinity | (c.negative ? sign : 0U);
    case category::finite:
        break;
    }
    return std::bit_cast<std::uint64_t>(c.value);
}

void check_target(
    tally& t, format_under_test const& target, std::vector<std::pair<rule, overflow>> const& rules, unsigned stride) {
    for (auto const& [r, policy] : rules) {
        auto const expected = target.expected.double_steps(r, policy);
        for (format_under_test const& source : formats_under_test()) {
            bool const fnuz_nan = source.expected.about().specials == special_codes::fnuz;
            std::size_t const step = source.expected.about().width > 8 ? stride : 1;
            auto const& codes = source.expected.codes();
            for (std::size_t i = 0; i < codes.size(); i += step) {
                code_value const& c = codes[i];
                unsigned const got = target.encode(source.unpack(c.code), as_rule(r), as_policy(policy));
                bool const negative = c.negative && !fnuz_nan; // the one NaN of fnuz has no sign
                unsigned const want = c.kind == category::nan
                                          ? (negative ? expected.negative_nan : expected.positive_nan)
                                          : expected(key_of_bits(bits_of(c)));
                t.expect(got == want, [&, &rule_used = r](auto& out) {
                    out << source.expected.about().name << " code " << c.code << " (" << c.value << ") -> "
                        << target.expected.about().name << ' ' << name_of(rule_used.how) << ": " << got << ", oracle "
                        << want;
                });
            }
        }
    }
}

} // namespace

TEST_CASE("every code decodes to the published formula's value", "[codec]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        for (code_value const& c : f.expected.codes()) {
            auto const as_double = std::bit_cast<std::uint64_t>(f.to_double(c.code));
            auto const as_float = std::bit_cast<std::uint32_t>(f.to_float(c.code));
            std::uint64_t want = bits_of(c);
            if (c.kind == category::nan && f.expected.about().specials == special_codes::fnuz) want &= ~(1ULL << 63);
            t.expect(as_double == want, [&](auto& out) {
                out << f.expected.about().name << ' ' << c.code << " -> " << f.to_double(c.code) << ", oracle "
                    << c.value;
            });
            std::uint32_t const want_float = c.kind == category::finite
                                                 ? float_bits_of_exact(c.value)
                                                 : static_cast<std::uint32_t>((want >> 32) & 0x8000'0000U) |
                                                       (c.kind == category::nan ? 0x7fc0'0000U : float_infinity);
            t.expect(as_float == want_float, [&](auto& out) {
                out << f.expected.about().name << ' ' << c.code << " -> float " << f.to_float(c.code);
            });
        }
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("every code of every format into every format", "[codec]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        auto rules = deterministic_rules(f.expected);
        if (f.expected.about().width <= 8) {
            rules.push_back({{mode::stochastic, 0x8000'0001U, 32}, overflow::to_special});
            rules.push_back({{mode::stochastic, 3, 2}, overflow::saturate});
        }
        check_target(t, f, rules, f.expected.about().width > 8 ? 61 : 13);
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("round_to and the constructor take another format directly", "[codec]") {
    fb::for_each(fb::all_scalars{}, [&]<class To>() {
        tally t;
        for (unsigned code = 0; code < 256; ++code) {
            auto const from = fb::e5m2::from_bits(code);
            unsigned const want = To(float(from)).bits();
            t.expect(fb::round_to<To>(from).bits() == want, [&](auto& out) { out << To::name << " e5m2 " << code; });
            if constexpr (!std::is_same_v<To, fb::e5m2>) { // that constructor copies, infinities included
                t.expect(To(from).bits() == want, [&](auto& out) { out << To::name << ' ' << code; });
            }
        }
        REQUIRE_TALLY(t);
    });
}
