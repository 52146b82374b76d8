// Integer sources: exact, also where a double cannot hold them; and conversions out to integers.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace oracle;

namespace {

constexpr wide smallest_int64 = std::numeric_limits<std::int64_t>::min();
constexpr wide largest_int64 = std::numeric_limits<std::int64_t>::max();
constexpr wide largest_uint64 = std::numeric_limits<std::uint64_t>::max();

/// Integers around every threshold, around every power of two and its odd neighbours of 54 bits and more.
std::vector<wide> sources(step_function<wide> const& steps) {
    std::vector<wide> out;
    for (auto const& s : steps.steps) {
        for (wide d = -2; d <= 2; ++d) out.push_back(s.first + d);
    }
    for (int e = 0; e < 64; ++e) {
        for (wide d : {wide{-3}, wide{-1}, wide{0}, wide{1}, wide{3}}) {
            out.push_back((wide{1} << e) + d);
            out.push_back(-(wide{1} << e) + d);
            if (e >= 9) out.push_back((wide{1} << e) + (wide{1} << (e - 9)) + d); // near ties of bf16
            if (e >= 12) out.push_back((wide{1} << e) + (wide{1} << (e - 12)) + d);
        }
    }
    return out;
}

} // namespace

TEST_CASE("integers round once from their exact value", "[codec][integers]") {
    for (format_under_test const& f : formats_under_test()) {
        tally t;
        auto rules = deterministic_rules(f.expected);
        rules.push_back({{mode::stochastic, 0x7fff'ffffU, 32}, overflow::to_special});
        for (auto const& [r, policy] : rules) {
            auto const expected = f.expected.integer_steps(r, policy);
            auto const to = as_rule(r);
            auto const over = as_policy(policy);
            for (wide n : sources(expected)) {
                if (n < smallest_int64 || n > largest_uint64) continue;
                unsigned const want = expected(n);
                auto expect = [&](unsigned got, char const* type) {
                    t.expect(got == want, [&](auto& out) {
                        out << f.expected.about().name << ' ' << type << ' ' << static_cast<double>(n) << " -> " << got
                            << ", oracle " << want;
                    });
                };
                if (n <= largest_int64) {
                    expect(f.from_int64(static_cast<std::int64_t>(n), to, over), "int64");
                }
                if (n >= 0) expect(f.from_uint64(static_cast<std::uint64_t>(n), to, over), "uint64");
                if (n >= -2147483647 - 1 && n <= 2147483647) {
                    expect(f.from_int32(static_cast<std::int32_t>(n), to, over), "int32");
                }
            }
        }
        INFO(f.expected.about().name);
        REQUIRE_TALLY(t);
    }
}

TEST_CASE("narrow, unsigned and boolean sources", "[codec][integers]") {
    REQUIRE(int(fb::round_to<fb::int_n<8>>(static_cast<signed char>(-128))) == -128);
    REQUIRE(int(fb::round_to<fb::int_n<8>>(static_cast<unsigned char>(200))) == 127);
    REQUIRE(int(fb::round_to<fb::int_n<8>>(std::uint16_t{65535})) == 127);
    REQUIRE(int(fb::round_to<fb::int_n<8>>(std::int16_t{-32768})) == -128);
    REQUIRE(float(fb::round_to<fb::bf16>(std::numeric_limits<std::uint32_t>::max())) == 0x1p32F);
    REQUIRE(float(fb::round_to<fb::bf16>(std::numeric_limits<std::uint32_t>::max(), fb::toward_zero)) == 0x1.fep31F);
    REQUIRE(float(fb::round_to<fb::e4m3>(true)) == 1.0F);
    REQUIRE(float(fb::round_to<fb::e4m3>('A')) == 64.0F);
    REQUIRE(fb::round_to<fb::fp16>(2049).bits() == fb::round_to<fb::fp16>(2048).bits());
    REQUIRE(float(fb::round_to<fb::fp16>(2049, fb::upward)) == 2050.0F);
    // 2^53 + 1 is no double: directed modes still see it
    REQUIRE(float(fb::round_to<fb::bf16>((std::int64_t{1} << 53) + 1, fb::upward)) == 0x1.02p53F);
}

TEST_CASE("to an integer: towards zero, saturating, NaN gives 0", "[codec][integers]") {
    for_each_tested([]<class T>() {
        tally t;
        format_oracle const expected(facts_of<T>());
        for (code_value const& c : expected.codes()) {
            auto const x = T::from_bits(c.code);
            double const towards_zero = c.kind == category::finite ? c.value
                                        : c.kind == category::nan  ? 0.0
                                        : c.negative               ? -1e300
                                                                   : 1e300;
            auto clamped = [&](double low, double high) {
                return towards_zero < low ? low : towards_zero > high ? high : towards_zero;
            };
            auto expect = [&](bool right, char const* type) {
                t.expect(
                    right, [&](auto& out) { out << T::name << ' ' << c.code << " (" << c.value << ") -> " << type; });
            };
            expect(static_cast<int>(x) == static_cast<int>(clamped(-2147483648.0, 2147483647.0)), "int");
            expect(static_cast<unsigned char>(x) == static_cast<unsigned char>(clamped(0, 255)), "unsigned char");
            expect(static_cast<signed char>(x) == static_cast<signed char>(clamped(-128, 127)), "signed char");
            expect(static_cast<unsigned>(x) == static_cast<unsigned>(clamped(0, 4294967295.0)), "unsigned");
            bool const beyond = towards_zero >= 0x1p63;
            auto const as_int64 = beyond ? std::numeric_limits<std::int64_t>::max()
                                         : static_cast<std::int64_t>(clamped(-0x1p63, 0x1.fffffffffffffp62));
            expect(static_cast<std::int64_t>(x) == as_int64, "int64");
            auto const as_uint64 = towards_zero >= 0x1p64
                                       ? std::numeric_limits<std::uint64_t>::max()
                                       : static_cast<std::uint64_t>(clamped(0, 0x1.fffffffffffffp63));
            expect(static_cast<std::uint64_t>(x) == as_uint64, "uint64");
            expect(static_cast<bool>(x) == (c.kind != category::finite || c.value != 0), "bool");
        }
        REQUIRE_TALLY(t);
    });
}
