// round_to from floats and doubles: around every decision threshold of every format, mode and policy, and a stride
// through the rest.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

using namespace oracle;

namespace {

/// Rules with random bits at both ends, in the middle and at few bits.
std::vector<rule> stochastic_rules() {
    return {{mode::stochastic, 0, 32}, {mode::stochastic, 0xffff'ffffU, 32}, {mode::stochastic, 0x8000'0000U, 32},
        {mode::stochastic, 0x1357'9bdfU, 32}, {mode::stochastic, 0, 1}, {mode::stochastic, 1, 1},
        {mode::stochastic, 5, 3}, {mode::stochastic, 0x1ffff, 17}};
}

template <class Key, class Value, class Convert>
void check_key(tally& t, format_under_test const& f, rule r, overflow policy, step_function<Key> const& expected,
    Key key, Value value, Convert convert) {
    unsigned const got = convert(value, as_rule(r), as_policy(policy));
    unsigned const want = expected(key);
    t.expect(got == want, [&](auto& out) {
        out << f.expected.about().name << ' ' << name_of(r.how) << ' ' << r.bits << '/' << r.count
            << (policy == overflow::saturate ? " saturate " : " to_special ") << value << " -> " << got << ", oracle "
            << want;
    });
}

/// The keys from two below to two above every step, inside [lowest, highest].
template <class Key, class Visit> void around_steps(step_function<Key> const& f, Key lowest, Key highest, Visit visit) {
    for (auto const& s : f.steps) {
        Key const first = s.first - lowest < 2 ? lowest : s.first - 2;
        Key const last = highest - s.first < 2 ? highest : s.first + 2;
        for (Key k = first; k <= last; ++k) visit(k);
    }
}

void check_floats(tally& t, format_under_test const& f, rule r, overflow policy, std::uint32_t stride) {
    auto const expected = f.expected.float_steps(r, policy);
    auto check = [&](std::uint32_t key) { check_key(t, f, r, policy, expected, key, float_of_key(key), f.from_float); };
    around_steps(expected, lowest_float_key, highest_float_key, check);
    if (stride == 0) return;
    for (std::uint64_t key = lowest_float_key; key <= highest_float_key; key += stride)
        check(static_cast<std::uint32_t>(key));
}

void check_doubles(tally& t, format_under_test const& f, rule r, overflow policy, std::uint64_t stride) {
    auto const expected = f.expected.double_steps(r, policy);
    auto check = [&](std::uint64_t key) {
        check_key(t, f, r, policy, expected, key, double_of_key(key), f.from_double);
    };
    around_steps(expected, lowest_double_key, highest_double_key, check);
    if (stride == 0) return;
    for (std::uint64_t key = lowest_double_key;; key += stride) {
        check(key);
        if (highest_double_key - key < stride) break;
    }
}

constexpr std::uint32_t float_stride = 131'071;                // a prime: about 33 thousand floats
constexpr std::uint64_t double_stride = 2'305'843'009'213'693; // about 8 thousand doubles

} // namespace

TEST_CASE("a float becomes the code its step says", "[codec][thresholds]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        for (auto const& [r, policy] : deterministic_rules(f.expected)) check_floats(t, f, r, policy, float_stride);
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("a double becomes the code its step says, never by way of a float", "[codec][thresholds]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        for (auto const& [r, policy] : deterministic_rules(f.expected)) check_doubles(t, f, r, policy, double_stride);
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("stochastic rounding moves exactly at its thresholds", "[codec][thresholds]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        bool const wide_format = f.expected.about().width > 8;
        for (rule const& r : stochastic_rules()) {
            if (wide_format && r.count != 32) continue;
            for (overflow policy : {overflow::saturate, overflow::to_special}) {
                check_floats(t, f, r, policy, wide_format ? 0 : 16 * float_stride);
                if (!wide_format) check_doubles(t, f, r, policy, 16 * double_stride);
            }
            if (wide_format) break;
        }
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("NaN stays NaN with its sign where the format has one", "[codec][thresholds]") {
    tally t;
    for (format_under_test const& f : formats_under_test()) {
        auto rules = deterministic_rules(f.expected);
        rules.push_back({{mode::stochastic, 0xffff'ffffU, 32}, overflow::saturate});
        for (auto const& [r, policy] : rules) {
            for (bool negative : {false, true}) {
                unsigned const want = f.expected.nan_code(negative);
                for (std::uint32_t payload : {0x7f80'0001U, 0x7fbf'ffffU, 0x7fc0'0000U, 0x7fff'ffffU}) {
                    float const nan = std::bit_cast<float>(payload | (negative ? 0x8000'0000U : 0U));
                    unsigned const got = f.from_float(nan, as_rule(r), as_policy(policy));
                    t.expect(
                        got == want, [&](auto& out) { out << f.expected.about().name << " float NaN -> " << got; });
                }
                for (std::uint64_t payload : {0x7ff0'0000'0000'0001U, 0x7ff8'0000'0000'0000U, 0x7fff'ffff'ffff'ffffU}) {
                    double const nan = std::bit_cast<double>(payload | (negative ? 0x8000'0000'0000'0000U : 0U));
                    unsigned const got = f.from_double(nan, as_rule(r), as_policy(policy));
                    t.expect(
                        got == want, [&](auto& out) { out << f.expected.about().name << " double NaN -> " << got; });
                }
            }
        }
    }
    REQUIRE_TALLY(t);
}

TEST_CASE("known cases of rounding twice", "[codec][thresholds]") {
    // -431.99999999999994 is the float -432, a tie between -416 and -448 that would go to the even -448
    REQUIRE(float(fb::round_to<fb::e4m3>(-431.99999999999994)) == -416.0F);
    REQUIRE(float(fb::round_to<fb::e4m3>(432.0)) == 448.0F);
    REQUIRE(float(fb::round_to<fb::e4m3>(464.0F)) == 448.0F);
    REQUIRE(fb::round_to<fb::e4m3>(464.0F, fb::nearest_even, fb::to_special).bits() == 0x7eU);
    REQUIRE(fb::round_to<fb::e4m3>(464.00003F, fb::nearest_even, fb::to_special).bits() == 0x7fU);
    REQUIRE(fb::round_to<fb::bf16>(0x1.010001p0).bits() == 0x3f81U); // as a float a tie, which would stay at 0x3f80
    REQUIRE(fb::round_to<fb::fp16>(0x1.0020000000001p0).bits() == 0x3c01U);
}
