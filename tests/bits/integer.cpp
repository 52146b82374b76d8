// Bit helpers at the borders of their domains.
#include <fewbits/bits/integer.hpp>

#include <catch2/catch.hpp>

namespace fb = fewbits;

static_assert(fb::bit_width(0) == 0 && fb::bit_width(1) == 1 && fb::bit_width(~std::uint64_t{0}) == 64);
static_assert(fb::low_mask(0) == 0 && fb::low_mask(1) == 1 && fb::low_mask(63) == ~std::uint64_t{0} >> 1);
static_assert(fb::low_mask(64) == ~std::uint64_t{0} && fb::low_mask(-1) == 0);
static_assert(
    fb::shift_right(8, 3) == 1 && fb::shift_right(~std::uint64_t{0}, 64) == 0 && fb::shift_right(1, 1000) == 0);
static_assert(fb::bit_cast<std::uint32_t>(1.0F) == 0x3f80'0000U);

TEST_CASE("bit_width and low_mask are each other's inverse", "[bits]") {
    for (int n = 0; n <= 64; ++n) CHECK(fb::bit_width(fb::low_mask(n)) == n);
}
