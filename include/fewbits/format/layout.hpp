// What an element format is: the few facts from which everything else about it is derived.
#pragma once

#include <cstddef>

namespace fewbits {

enum class format_kind : unsigned char { minifloat, integer, codebook };

/// Which codes of a floating-point format are not finite numbers.
enum class specials : unsigned char {
    ieee,      ///< the top exponent holds infinities and NaNs
    nan_only,  ///< no infinity; NaN is the code of all ones (OCP E4M3, E8M0)
    fnuz,      ///< no infinity, no negative zero; NaN is the code that would be -0
    none       ///< every code is a finite number (OCP FP6, FP4)
};

/// Stands for "derive it": a bias of 2^(exponent_bits-1) - 1, the limits of the full integer range.
inline constexpr int derived = -2147483647;

/// A binary floating-point format: [sign] exponent mantissa, subnormals where it has a zero.
struct float_layout {
    int exponent_bits = 0;
    int mantissa_bits = 0;
    specials special = specials::ieee;
    int exponent_bias = derived;
    bool is_signed = true;
    bool has_zero = true;  ///< false: code 0 is an ordinary power of two (E8M0)
};

/// Integers times a power of two: value = integer * 2^exponent, code = integer + excess (two's complement where excess is 0).
struct integer_layout {
    int width = 0;
    bool is_signed = true;
    int lowest = derived;
    int highest = derived;
    int excess = 0;
    int exponent = 0;
};

/// Any list of `Count` floats in ascending order; the code is the index.
template <std::size_t Count>
struct codebook_layout {
    float value[Count];
};

}  // namespace fewbits
