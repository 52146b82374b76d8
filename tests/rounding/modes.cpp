// The run-time rounding parameter and the names that stand for it.
#include <fewbits/rounding/modes.hpp>

#include <catch2/catch.hpp>

#include <type_traits>

namespace fb = fewbits;

static_assert(std::is_convertible_v<fb::rounding, fb::rounding_rule>);
static_assert(std::is_convertible_v<fb::stochastic, fb::rounding_rule>);
static_assert(std::is_trivially_copyable_v<fb::rounding_rule>);
static_assert(fb::stochastic{5}.count == 32 && fb::stochastic{.bits = 5, .count = 3}.bits == 5);

TEST_CASE("a rule is a mode, or stochastic with its bits", "[rounding]") {
    constexpr fb::rounding_rule plain = fb::toward_zero;
    STATIC_REQUIRE(plain.mode == fb::rounding::toward_zero);
    constexpr fb::rounding_rule random = fb::stochastic{.bits = 9, .count = 4};
    STATIC_REQUIRE(random.mode == fb::rounding::random_bits);
    STATIC_REQUIRE(random.bits == 9);
    STATIC_REQUIRE(random.count == 4);
    STATIC_REQUIRE(fb::rounding_rule{}.mode == fb::nearest_even);
    STATIC_REQUIRE(fb::saturate == fb::overflow_policy::saturate);
    STATIC_REQUIRE(fb::to_special == fb::overflow_policy::to_special);
}
