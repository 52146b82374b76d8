// The scalar types themselves: size, bits, comparison by floating rules, hash, and use in constant expressions.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <compare>
#include <functional>
#include <type_traits>
#include <unordered_set>

using namespace oracle;

namespace {

template <class T> constexpr bool is_well_made() {
    static_assert(fb::scalar<T>);
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>);
    static_assert(std::is_trivially_destructible_v<T> && std::is_standard_layout_v<T>);
    static_assert(sizeof(T) == (T::width <= 8 ? 1 : 2) && alignof(T) == sizeof(T));
    static_assert(std::is_constructible_v<T, float> && !std::is_convertible_v<float, T>);
    static_assert(std::is_constructible_v<T, double> && std::is_constructible_v<T, int>);
    static_assert(std::is_constructible_v<float, T> && !std::is_convertible_v<T, float>);
    static_assert(std::is_constructible_v<double, T> && !std::is_convertible_v<T, double>);
    static_assert(std::is_constructible_v<int, T> && !std::is_convertible_v<T, int>);
    static_assert(std::totally_ordered<T> && std::three_way_comparable<T, std::partial_ordering>);
    static_assert(std::is_same_v<decltype(T::from_bits(0U)), T>&& noexcept(T::from_bits(0U)));
    static_assert(T{}.bits() == 0U);
    // everything in a constant expression
    constexpr T one{1.0F};
    constexpr T again = fb::round_to<T>(static_cast<double>(one));
    static_assert(one == again && one.bits() == again.bits() && !(one < again) && (one <=> again) == 0);
    static_assert(fb::round_to<T>(0.75F, fb::stochastic{.bits = 1, .count = 1}).bits() < (1U << T::width));
    static_assert(fb::round_to<T>(T{}).bits() == 0U || T::kind != fb::format_kind::minifloat);
    static_assert(T::name.size() > 0);
    return true;
}

} // namespace

static_assert(fb::round_to<fb::e4m3>(448.0F).bits() == 0x7eU);
static_assert(fb::round_to<fb::e4m3>(1e30, fb::toward_zero, fb::to_special).bits() == 0x7eU);
static_assert(fb::round_to<fb::fp16>(1e30).bits() == 0x7c00U);
static_assert(fb::round_to<fb::bf16>(-1e300).bits() == 0xff80U);
static_assert(fb::e5m2(1e30F).bits() == 0x7bU);
static_assert(fb::round_to<fb::int_n<4>>(-9).bits() == 0x8U);
static_assert(float(fb::e2m1{0.3F}) == 0.5F);
static_assert(fb::ternary(-5).bits() == 3U && fb::ternary(0.4F).bits() == 0U && fb::ternary(0.6F).bits() == 1U);
static_assert(float(fb::nf4(1.0F)) == 1.0F && float(fb::binary(0.1F)) == 1.0F && float(fb::binary(-0.1F)) == -1.0F);
static_assert(std::numeric_limits<fb::e4m3>::max().bits() == 0x7eU);

TEST_CASE("every scalar type is what its users count on", "[codec][types]") {
    for_each_tested([]<class T>() { STATIC_REQUIRE(is_well_made<T>()); });
}

TEST_CASE("from_bits keeps the low bits and bits gives them back", "[codec][types]") {
    for_each_tested([]<class T>() {
        unsigned wrong = 0;
        for (unsigned code = 0; code < (1U << T::width); ++code) {
            if (T::from_bits(code).bits() != code || T::from_bits(code | (~0U << T::width)).bits() != code) ++wrong;
        }
        INFO(T::name);
        CHECK(wrong == 0U);
    });
}

namespace {

/// The outcomes of == != < > <= >= as bits 0 to 5, and the three-way one as 6 (less), 7 (greater), 8 (equivalent), 9
/// (unordered).
template <class T> unsigned outcomes(unsigned first, unsigned second) {
    auto const a = T::from_bits(first);
    auto const b = T::from_bits(second);
    std::partial_ordering const order = a <=> b;
    return (a == b ? 1U : 0U) | (a != b ? 2U : 0U) | (a < b ? 4U : 0U) | (a > b ? 8U : 0U) | (a <= b ? 16U : 0U) |
           (a >= b ? 32U : 0U) | (order < 0 ? 64U : 0U) | (order > 0 ? 128U : 0U) | (order == 0 ? 256U : 0U) |
           (order == std::partial_ordering::unordered ? 512U : 0U);
}

unsigned expected_outcomes(code_value const& a, code_value const& b) {
    if (a.kind == category::nan || b.kind == category::nan) return 2U | 512U;
    auto real = [](code_value const& c) {
        return c.kind == category::infinity ? (c.negative ? -1e300 : 1e300) : c.value;
    };
    if (real(a) == real(b)) return 1U | 16U | 32U | 256U;
    return real(a) < real(b) ? 2U | 4U | 16U | 64U : 2U | 8U | 32U | 128U;
}

struct comparison {
    unsigned (*outcomes)(unsigned, unsigned);
    std::size_t (*hash)(unsigned);
};

void check_comparisons(format_oracle const& expected, comparison const& c) {
    tally t;
    auto const& codes = expected.codes();
    std::size_t const stride = codes.size() > 1024 ? 397 : 1;
    for (std::size_t i = 0; i < codes.size(); i += stride) {
        for (std::size_t j = 0; j < codes.size(); j += stride) {
            unsigned const got = c.outcomes(codes[i].code, codes[j].code);
            auto describe = [&](auto& out) {
                out << expected.about().name << ' ' << codes[i].code << ' ' << codes[j].code << ": " << got;
            };
            t.expect(got == expected_outcomes(codes[i], codes[j]), describe);
            if ((got & 1U) != 0) t.expect(c.hash(codes[i].code) == c.hash(codes[j].code), describe);
        }
    }
    REQUIRE_TALLY(t);
    std::unordered_set<std::size_t> hashes;
    for (code_value const& v : expected.ascending()) hashes.insert(c.hash(v.code));
    CHECK(hashes.size() + (expected.has_negative_zero() ? 1 : 0) == expected.ascending().size());
}

} // namespace

TEST_CASE("comparisons follow floating rules: NaN unordered, -0 equal to 0", "[codec][types]") {
    for_each_tested([]<class T>() {
        auto const hash = [](unsigned code) { return std::hash<T>{}(T::from_bits(code)); };
        check_comparisons(format_oracle(facts_of<T>()), {&outcomes<T>, hash});
    });
}

TEST_CASE("the facts a codec states agree with its codes", "[codec][types]") {
    for_each_tested([]<class T>() {
        format_oracle const expected(facts_of<T>());
        INFO(T::name);
        CHECK(T::width == expected.about().width);
        CHECK(T::codec::has_nan == expected.has_nan());
        CHECK(T::codec::has_infinity == expected.has_infinity());
        CHECK(T::codec::has_negative_zero == expected.has_negative_zero());
        CHECK(T::codec::is_signed == expected.is_signed());
        CHECK(T::default_overflow == (T::width <= 8 ? fb::saturate : fb::to_special));
    });
}
