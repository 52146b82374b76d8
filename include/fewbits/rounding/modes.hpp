// Rounding modes and overflow policies: arguments of a call, never properties of a format.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace fewbits {

/// How a value between two neighbours of a format is rounded (IEEE 754-2019 section 4.3, and two more).
enum class rounding : unsigned char {
    nearest_even,  ///< nearest, a tie to the even code
    nearest_away,  ///< nearest, a tie away from zero
    toward_zero,
    upward,      ///< towards +infinity
    downward,    ///< towards -infinity
    to_odd,      ///< an inexact value takes the neighbour with the odd code
    random_bits  ///< stochastic; written by the caller as `stochastic{...}`
};
using enum rounding;

/// Stochastic rounding with `count` random bits (0 <= bits < 2^count, count in 1..32): with d the exact fraction of the step
/// from the neighbour nearer zero, the value goes away from zero when d * 2^count + bits >= 2^count.
struct stochastic {
    std::uint32_t bits = 0;
    int count = 32;
};

/// What happens beyond the largest finite value, and to infinities.
enum class overflow_policy : unsigned char {
    saturate,   ///< the largest finite value of that sign
    to_special  ///< infinity if the format has one, else NaN, else saturate
};
using enum overflow_policy;

/// The run-time parameter every conversion takes: a mode, or `stochastic` with its bits.
struct rounding_rule {
    rounding mode = rounding::nearest_even;
    std::uint32_t bits = 0;
    int count = 32;

    rounding_rule() = default;
    FEWBITS_HOST_DEVICE constexpr rounding_rule(rounding m) noexcept : mode(m) {}
    FEWBITS_HOST_DEVICE constexpr rounding_rule(stochastic s) noexcept
        : mode(rounding::random_bits), bits(s.bits), count(s.count) {}
};

}  // namespace fewbits
