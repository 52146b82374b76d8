// The one place where a value between two neighbouring codes is sent to one of them.
#pragma once

#include <cstdint>

#include "../bits/integer.hpp"
#include "../rounding/modes.hpp"

namespace fewbits {

/// A significand cut into a whole number of steps and the rest: value = (whole + rest / 2^shift) steps.
struct cut {
    std::uint64_t whole = 0;
    std::uint64_t rest = 0;
    int shift = 0;
};

inline namespace FEWBITS_BASELINE {

/// Cuts significand * 2^-shift. A negative shift multiplies; the caller sees to it that this fits 64 bits.
FEWBITS_HOST_DEVICE constexpr cut cut_at(std::uint64_t significand, int shift) noexcept {
    if (shift <= 0) return {significand << -shift, 0, 0};
    return {shift_right(significand, shift), significand & low_mask(shift), shift};
}

/// Whether the magnitude goes one step away from zero. `odd`: whether the code of the neighbour nearer zero is odd.
FEWBITS_HOST_DEVICE constexpr bool rounds_away(cut c, bool odd, bool negative, rounding_rule rule) noexcept {
    if (c.rest == 0) return false;
    // Beyond a shift of 64 the rest is less than half a step whatever its bits.
    bool const above_half = c.shift <= 64 && c.rest > (std::uint64_t{1} << (c.shift - 1));
    bool const half = c.shift <= 64 && c.rest == (std::uint64_t{1} << (c.shift - 1));
    switch (rule.mode) {
        case rounding::nearest_even: return above_half || (half && odd);
        case rounding::nearest_away: return above_half || half;
        case rounding::toward_zero: return false;
        case rounding::upward: return !negative;
        case rounding::downward: return negative;
        case rounding::to_odd: return !odd;
        case rounding::random_bits: break;
    }
    std::uint64_t const missing = (std::uint64_t{1} << rule.count) - rule.bits;
    return c.shift >= rule.count ? shift_right(c.rest, c.shift - rule.count) >= missing
                                 : (c.rest << (rule.count - c.shift)) >= missing;
}

/// Modes that stop at the largest finite value instead of overflowing.
FEWBITS_HOST_DEVICE constexpr bool stops_at_largest(rounding mode, bool negative) noexcept {
    return mode == rounding::toward_zero || mode == rounding::to_odd || (mode == rounding::upward && negative) ||
           (mode == rounding::downward && !negative);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
