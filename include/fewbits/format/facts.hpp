// Constants derived from a layout, once; scalars only, so that they are usable in kernels.
#pragma once

#include <cstdint>

#include "../bits/integer.hpp"
#include "layout.hpp"

namespace fewbits {

/// The derived facts of a floating-point layout of up to 64 bits. "Magnitude" is the code without its sign bit; magnitudes
/// are ordered like the absolute values they stand for.
template <float_layout L>
struct float_facts {
    static_assert(L.exponent_bits >= 1 && L.mantissa_bits >= 0 && L.exponent_bits <= 11 && L.mantissa_bits <= 52);
    static_assert(L.special != specials::fnuz || (L.is_signed && L.has_zero), "fnuz keeps its NaN where -0 would be");

    static constexpr int exponent_bits = L.exponent_bits;
    static constexpr int mantissa_bits = L.mantissa_bits;
    static constexpr int magnitude_bits = exponent_bits + mantissa_bits;
    static constexpr int width = magnitude_bits + (L.is_signed ? 1 : 0);
    static constexpr int bias = L.exponent_bias == derived ? (1 << (exponent_bits - 1)) - 1 : L.exponent_bias;
    static constexpr bool is_signed = L.is_signed;
    static constexpr bool has_zero = L.has_zero;
    /// floor(log2) of the smallest normal value.
    static constexpr int min_exponent = (has_zero ? 1 : 0) - bias;
    static constexpr std::uint64_t magnitude_mask = low_mask(magnitude_bits);
    static constexpr std::uint64_t sign_bit = is_signed ? std::uint64_t{1} << magnitude_bits : 0;

    static constexpr bool has_infinity = L.special == specials::ieee;
    static constexpr bool has_nan = L.special == specials::nan_only || L.special == specials::fnuz ||
                                    (L.special == specials::ieee && mantissa_bits > 0);
    static constexpr bool has_negative_zero = is_signed && has_zero && L.special != specials::fnuz;
    /// Meaningful where has_infinity.
    static constexpr std::uint64_t infinity_magnitude = low_mask(exponent_bits) << mantissa_bits;
    /// The canonical quiet NaN without its sign; meaningful where has_nan.
    static constexpr std::uint64_t nan_magnitude =
        L.special == specials::ieee   ? infinity_magnitude | (mantissa_bits > 0 ? low_mask(1) << (mantissa_bits - 1) : 0)
        : L.special == specials::fnuz ? sign_bit
                                      : magnitude_mask;
    static constexpr std::uint64_t max_magnitude = L.special == specials::ieee       ? infinity_magnitude - 1
                                                   : L.special == specials::nan_only ? magnitude_mask - 1
                                                                                     : magnitude_mask;
    /// floor(log2) of the largest finite value.
    static constexpr int max_exponent =
        static_cast<int>(max_magnitude >> mantissa_bits) - (has_zero ? 1 : 0) + min_exponent;
};

/// The derived facts of an integer layout of 1 to 16 bits.
template <integer_layout L>
struct integer_facts {
    static_assert(L.width >= 1 && L.width <= 16);

    static constexpr int width = L.width;
    static constexpr int excess = L.excess;
    static constexpr int exponent = L.exponent;
    static constexpr int lowest = L.lowest != derived ? L.lowest : L.is_signed ? -(1 << (width - 1)) : 0;
    static constexpr int highest = L.highest != derived ? L.highest : (1 << (width - (L.is_signed ? 1 : 0))) - 1;
    static constexpr bool is_signed = lowest < 0;
    static constexpr bool has_nan = false;
    static constexpr bool has_infinity = false;
    static constexpr bool has_negative_zero = false;
    static_assert(lowest <= highest);
    static_assert(excess == 0 || (lowest + excess >= 0 && highest + excess < (1 << width)));
};

/// The layouts of the arithmetic types that conversions start from and end in.
inline constexpr float_layout binary32{.exponent_bits = 8, .mantissa_bits = 23};
inline constexpr float_layout binary16{.exponent_bits = 5, .mantissa_bits = 10};
/// The upper 16 bits of binary32.
inline constexpr float_layout upper_half_of_binary32{.exponent_bits = 8, .mantissa_bits = 7};
/// The float of 8 bits that tensor cores have beside the one after IEEE 754.
inline constexpr float_layout tensor_core_byte{.exponent_bits = 4, .mantissa_bits = 3, .special = specials::nan_only};
inline constexpr float_layout binary64{.exponent_bits = 11, .mantissa_bits = 52};

}  // namespace fewbits
