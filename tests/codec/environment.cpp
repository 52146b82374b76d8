// Conversions run on integers: the FPU's rounding mode and its flushing of subnormals change no bit.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <cfenv>

#if defined(__SSE2__)
    #include <xmmintrin.h>
#endif

using namespace oracle;

namespace {

/// Every float of a stride, with all subnormals' exponents among them, converted by every format and rule: one number.
std::vector<unsigned> convert_everything() {
    std::vector<unsigned> out;
    for (format_under_test const& f : formats_under_test()) {
        auto rules = deterministic_rules(f.expected);
        rules.push_back({{mode::stochastic, 0x9e37'79b9U, 32}, overflow::to_special});
        for (auto const& [r, policy] : rules) {
            auto const how = as_rule(r);
            auto const over = as_policy(policy);
            for (std::uint64_t bits = 0; bits <= 0xffff'ffffU; bits += 1'048'573) {
                out.push_back(f.from_float(std::bit_cast<float>(static_cast<std::uint32_t>(bits)), how, over));
                out.push_back(f.from_double(std::bit_cast<double>(bits << 32 | bits), how, over));
            }
            for (std::uint32_t bits = 1; bits < 0x0080'0000U; bits = bits * 2 + 1) {
                out.push_back(f.from_float(std::bit_cast<float>(bits), how, over));
                out.push_back(f.from_float(std::bit_cast<float>(bits | 0x8000'0000U), how, over));
            }
        }
        for (code_value const& c : f.expected.codes()) {
            out.push_back(std::bit_cast<std::uint32_t>(f.to_float(c.code)));
            out.push_back(static_cast<unsigned>(std::bit_cast<std::uint64_t>(f.to_double(c.code)) >> 32));
        }
    }
    return out;
}

} // namespace

TEST_CASE("any rounding mode of the FPU", "[codec][environment]") {
    std::vector<unsigned> const normal = convert_everything();
    for (int direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        REQUIRE(std::fesetround(direction) == 0);
        std::vector<unsigned> const changed = convert_everything();
        std::fesetround(FE_TONEAREST);
        REQUIRE(changed == normal);
    }
}

#if defined(__SSE2__)
TEST_CASE("flushed subnormals, in and out", "[codec][environment]") {
    std::vector<unsigned> const normal = convert_everything();
    unsigned const kept = _mm_getcsr();
    _mm_setcsr(kept ^ 0x8040U); // flush to zero, denormals are zero: on, or off where -ffast-math has set them
    std::vector<unsigned> const changed = convert_everything();
    _mm_setcsr(kept);
    REQUIRE(changed == normal);
}
#endif
