// How the scale of a block follows from the magnitudes in it, and what the largest element is that it is fitted to.
#pragma once

#include <cstdint>

#include "../codec/scalar_types.hpp"

namespace fewbits {

/// Which rule finds a block's scale. absmax, mse_search and percentile fit any format; floor and ceil are for power-of-two scales,
/// signed_absmax for all others.
enum class scale_rule : unsigned char {
    of_format,   ///< what the format's definition says
    absmax,      ///< largest magnitude / largest element, rounded to nearest in the type of the scale
    floor,       ///< OCP MX 1.0 section 6.3: 2^(floor(log2(largest magnitude)) - emax); the largest may saturate
    ceil,        ///< the smallest power of two under which nothing saturates
    mse_search,  ///< the candidate (fractions of absmax, or neighbouring powers of two) of least squared error
    percentile,  ///< absmax after leaving out the magnitudes above a percentile
    signed_absmax  ///< the value of largest magnitude / the element farthest from zero, both with their signs (GGUF's quick rule)
};

inline namespace FEWBITS_BASELINE {

FEWBITS_HOST_DEVICE constexpr bool is_finite(float value) noexcept {
    return (bit_cast<std::uint32_t>(value) & 0x7F800000) != 0x7F800000;
}

FEWBITS_HOST_DEVICE constexpr float magnitude_of(float value) noexcept {
    return __builtin_fabsf(value);
}

/// Whether a stored scale of this type is always a power of two.
template <class S>
inline constexpr bool is_power_of_two_scale = [] {
    if constexpr (!scalar<S>) return false;
    else if constexpr (S::kind != format_kind::minifloat) return false;
    else return S::codec::mantissa_bits == 0 && !S::codec::has_zero;
}();

/// The largest element a symmetric scale is fitted to. Integers use the restricted range: its highest value and the
/// negative of that (full_range: half a step beyond, so that both ends lose equally).
template <scalar E>
FEWBITS_HOST_DEVICE constexpr float largest_element(bool full_range = false) noexcept {
    using codec = typename E::codec;
    if constexpr (E::kind == format_kind::minifloat) {
        return to_float(codec::unpack(codec::max_magnitude));
    } else if constexpr (E::kind == format_kind::integer) {
        bool const wide = full_range && codec::lowest < -codec::highest && codec::exponent == 0;
        float const highest = to_float({static_cast<std::uint64_t>(codec::highest), codec::exponent, false, number_class::finite});
        return wide ? highest + 0.5F : highest;
    } else {
        float const low = codec::value(0);
        float const high = codec::value(codec::count - 1);
        return -low > high ? -low : high;
    }
}

/// The element farthest from zero, with its sign: where a range is not symmetric, its longer end.
template <scalar E>
FEWBITS_HOST_DEVICE constexpr float farthest_element(bool full_range) noexcept {
    using codec = typename E::codec;
    float const largest = largest_element<E>();
    if constexpr (E::kind == format_kind::integer) {
        bool const restricted = codec::excess == 0 && !full_range;
        if (codec::lowest >= -codec::highest || restricted) return largest;
        return to_float({static_cast<std::uint64_t>(-codec::lowest), codec::exponent, true, number_class::finite});
    } else if constexpr (E::kind == format_kind::codebook) {
        return codec::value(0) == -largest ? -largest : largest;
    } else {
        return largest;
    }
}

/// floor(log2(largest element)): the emax of OCP MX.
template <scalar E>
FEWBITS_HOST_DEVICE constexpr int largest_exponent() noexcept {
    unpacked const u = unpack(largest_element<E>());
    return bit_width(u.significand) - 1 + u.exponent;
}

/// 2^exponent for exponents -149..127, else 0 or the largest power of two.
FEWBITS_HOST_DEVICE constexpr float power_of_two(int exponent) noexcept {
    if (exponent > 127) exponent = 127;
    if (exponent < -149) return 0.0F;
    std::uint32_t const bits = exponent >= -126 ? static_cast<std::uint32_t>(exponent + 127) << 23
                                                : std::uint32_t{1} << (exponent + 149);
    return bit_cast<float>(bits);
}

/// floor(log2(magnitude)) of a finite magnitude > 0, subnormals included.
FEWBITS_HOST_DEVICE constexpr int floor_log2(float magnitude) noexcept {
    unpacked const u = unpack(magnitude);
    return bit_width(u.significand) - 1 + u.exponent;
}

/// 2^max(floor(log2(magnitude)) - emax, -127), 0 for 0; the magnitude by its bits, emax >= 0: the floor rule in a few instructions.
FEWBITS_HOST_DEVICE constexpr float floor_power_of_two(std::uint32_t magnitude, int emax) noexcept {
    auto const least = static_cast<std::uint32_t>(emax);
    std::uint32_t const exponent = magnitude >> 23;
    std::uint32_t const field = (exponent > least ? exponent : least) - least;
    return bit_cast<float>(magnitude == 0 ? 0 : field == 0 ? 0x00400000 : field << 23);
}

/// The power-of-two scale for a largest magnitude under elements E, as an exact float; 0 for 0. `rule`: floor, ceil or absmax
/// (nearest power of two of the quotient, a tie to the even exponent code).
template <scalar E>
FEWBITS_HOST_DEVICE constexpr float power_of_two_scale(float magnitude, scale_rule rule) noexcept {
    if ((bit_cast<std::uint32_t>(magnitude) << 1) == 0) return 0.0F;
    int const lowest = -127;
    int exponent = floor_log2(magnitude) - largest_exponent<E>();
    if (rule != scale_rule::floor) {
        // Compare the significands, scaled alike: the quotient is 2^exponent * m / l.
        unpacked const m = unpack(magnitude);
        unpacked const l = unpack(largest_element<E>());
        std::uint64_t const left_m = m.significand << (24 - bit_width(m.significand));
        std::uint64_t const left_l = l.significand << (24 - bit_width(l.significand));
        if (rule == scale_rule::ceil) {
            exponent += left_m > left_l ? 1 : 0;
        } else {
            if (left_m < left_l) --exponent;  // now quotient = 2^exponent * q with 1 <= q < 2
            std::uint64_t const doubled = left_m < left_l ? 4 * left_m : 2 * left_m;
            bool const tie = doubled == 3 * left_l;
            if (doubled > 3 * left_l || (tie && ((exponent + 127) & 1) != 0)) ++exponent;
        }
    }
    return power_of_two(exponent < lowest ? lowest : exponent);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
