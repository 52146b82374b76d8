// What an encoder of fp32 needs to know about a format, a mode and a policy, as numbers: vector code takes these and no branches.
#pragma once

#include <cstdint>

#include "../../codec/scalar_types.hpp"

namespace fewbits {

/// Rounding as an addition: with the discarded bits left-aligned in 32 bits, a value goes one step away from zero if adding `base`,
/// its bits flipped where the code below is odd (flip_odd) or the value negative (flip_negative), carries out.
struct rounding_addend {
    std::uint32_t base = 0;
    std::uint32_t flip_odd = 0;
    std::uint32_t flip_negative = 0;
};

/// A conversion's arguments made ready, once per call. Pairs stand for positive and negative values.
struct encoding {
    rounding mode = rounding::nearest_even;
    bool saturating = true;
    std::uint64_t seed = 0;
    rounding_addend addend{};         ///< of every mode but stochastic, whose addend is the random word itself
    std::uint32_t largest[2] = {};    ///< bits of the largest float told apart from those above it; the code follows from it
    std::uint32_t infinity[2] = {};   ///< codes
    std::uint32_t nan[2] = {};        ///< codes
};

inline namespace FEWBITS_BASELINE {

constexpr rounding_addend addend_of(rounding mode) noexcept {
    constexpr std::uint32_t all = 0xFFFFFFFF;
    switch (mode) {
        case rounding::nearest_even: return {0x7FFFFFFF, all, 0};
        case rounding::nearest_away: return {0x80000000, 0, 0};
        case rounding::upward: return {all, 0, all};
        case rounding::downward: return {0, 0, all};
        case rounding::to_odd: return {all, all, 0};
        case rounding::toward_zero:
        case rounding::random_bits: break;
    }
    return {};
}

/// Whether T's finite values are in fp32's range, so that its limits are floats.
template <scalar T>
inline constexpr bool is_inside_fp32 = [] {
    if constexpr (T::kind == format_kind::minifloat) {
        return T::codec::max_exponent <= 127 && T::codec::max_exponent > -100 && T::codec::mantissa_bits < 22;
    } else if constexpr (T::kind == format_kind::integer) {
        return T::codec::exponent > -100 && T::codec::exponent < 100;
    } else {
        return true;
    }
}();

/// fp32 bits of the largest magnitude that an encoder need tell apart. A minifloat's: the largest finite value where overflow ends
/// there, else the value one step further, whose code is the infinity, or else the NaN, that overflow gives. An integer format's: past
/// both ends of its range.
template <scalar T>
    requires(is_inside_fp32<T>)
constexpr std::uint32_t largest_told_apart(bool ends_at_largest) noexcept {
    using codec = typename T::codec;
    if constexpr (T::kind == format_kind::minifloat) {
        constexpr int m = codec::mantissa_bits;
        std::uint64_t const next = codec::max_magnitude + (!ends_at_largest && (codec::has_infinity || codec::has_nan) ? 1 : 0);
        std::uint64_t const field = (next >> m) + static_cast<std::uint64_t>(127 + codec::min_exponent - (codec::has_zero ? 1 : 0));
        return static_cast<std::uint32_t>((field << 23) | ((next & low_mask(m)) << (23 - m)));
    } else if constexpr (T::kind == format_kind::integer) {
        return static_cast<std::uint32_t>(127 + codec::exponent + codec::width + 1) << 23;
    } else {
        return 0x7F7FFFFF;
    }
}

template <scalar T>
    requires(is_inside_fp32<T>)
encoding make_encoding(rounding_rule rule, overflow_policy overflow, std::uint64_t seed) noexcept {
    encoding made{.mode = rule.mode, .saturating = overflow == overflow_policy::saturate, .seed = seed};
    made.addend = addend_of(rule.mode);
    for (bool negative : {false, true}) {
        auto const code = [&](number_class kind) {
            return static_cast<std::uint32_t>(T::codec::encode({0, 0, negative, kind}, rule, overflow));
        };
        made.largest[negative] = largest_told_apart<T>(made.saturating || stops_at_largest(rule.mode, negative));
        made.infinity[negative] = code(number_class::infinity);
        made.nan[negative] = code(number_class::nan);
    }
    return made;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
