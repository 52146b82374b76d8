// Nearest-even encoding of fp32 in a form the compiler vectorises: no branch, 32-bit integers only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../codec/scalar_types.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether encode_nearest covers T; other formats go through the definition.
template <scalar T>
inline constexpr bool has_fast_nearest = [] {
    if constexpr (T::kind == format_kind::minifloat) {
        // Without a mantissa the even code is the exponent's; subnormals below fp32's smallest exponent need more bits.
        return T::codec::has_zero && T::codec::is_signed && T::codec::mantissa_bits > 0 && T::codec::min_exponent >= -126;
    } else if constexpr (T::kind == format_kind::integer) {
        return T::width <= 8 && T::codec::lowest <= 0 && T::codec::highest >= 0;
    } else {
        return T::codec::count <= 32;
    }
}();

/// significand * 2^-shift to nearest, ties to even; shift in 1..25, significand below 2^24.
FEWBITS_HOST_DEVICE constexpr std::uint32_t round_shift(std::uint32_t significand, std::uint32_t shift) noexcept {
    std::uint32_t const half_less_one = (std::uint32_t{1} << (shift - 1)) - 1;
    return (significand + half_less_one + ((significand >> shift) & 1)) >> shift;
}

FEWBITS_HOST_DEVICE constexpr std::uint32_t smaller(std::uint32_t a, std::uint32_t b) noexcept { return a < b ? a : b; }
FEWBITS_HOST_DEVICE constexpr std::uint32_t larger(std::uint32_t a, std::uint32_t b) noexcept { return a > b ? a : b; }

template <scalar T>
FEWBITS_HOST_DEVICE constexpr std::uint32_t encode_nearest_minifloat(std::uint32_t bits, bool saturating) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr int first_field = codec::min_exponent + 127;  // fp32's exponent field of the smallest normal value
    static_assert(first_field >= 1 && m < 23);
    constexpr auto maximum = static_cast<std::uint32_t>(codec::max_magnitude);
    std::uint32_t const magnitude = bits & 0x7FFFFFFF;
    std::uint32_t const field = larger(magnitude >> 23, 1);
    std::uint32_t const significand = (magnitude & 0x7FFFFF) | (magnitude >= 0x800000 ? 0x800000U : 0U);
    std::uint32_t const above = larger(field, first_field) - first_field;
    std::uint32_t const below = first_field - smaller(field, first_field);
    std::uint32_t rounded = round_shift(significand, smaller(23 - m + below, 25)) + (above << m);
    constexpr std::uint32_t special = codec::has_infinity ? static_cast<std::uint32_t>(codec::infinity_magnitude)
                                      : codec::has_nan    ? static_cast<std::uint32_t>(codec::nan_magnitude)
                                                          : maximum;
    rounded = rounded > maximum ? (saturating ? maximum : special) : rounded;
    rounded = magnitude > 0x7F800000 ? static_cast<std::uint32_t>(codec::nan_code(false)) : rounded;
    constexpr auto sign_bit = static_cast<std::uint32_t>(codec::sign_bit);
    std::uint32_t sign = (bits >> 31) != 0 ? sign_bit : 0U;
    if constexpr (!codec::has_negative_zero) sign = rounded == 0 ? 0U : sign;
    if constexpr (!codec::has_nan) sign = magnitude > 0x7F800000 ? 0U : sign;
    return rounded | sign;
}

/// The number of steps of 2^exponent nearest to a float given by its bits, ties to even, cut at +-512; 0 for NaN.
template <int Exponent>
FEWBITS_HOST_DEVICE constexpr std::int32_t nearest_steps(std::uint32_t bits) noexcept {
    constexpr int unit_field = 127 + Exponent;  // fp32's exponent field of one step
    std::uint32_t const magnitude = bits & 0x7FFFFFFF;
    // Cut before shifting, so that the shift stays in range.
    constexpr auto cap = static_cast<std::uint32_t>(unit_field + 9) << 23;
    std::uint32_t const capped = magnitude > 0x7F800000 ? 0 : smaller(magnitude, cap);
    std::uint32_t const significand = (capped & 0x7FFFFF) | (capped >= 0x800000 ? 0x800000U : 0U);
    std::uint32_t const field = larger(capped >> 23, 1);
    std::uint32_t const shift = smaller(static_cast<std::uint32_t>(unit_field + 23) - field, 25);
    auto const steps = static_cast<std::int32_t>(round_shift(significand, shift));
    auto const sign = static_cast<std::int32_t>(bits) >> 31;
    return (steps ^ sign) - sign;
}

FEWBITS_HOST_DEVICE constexpr std::int32_t clamped(std::int32_t value, std::int32_t low, std::int32_t high) noexcept {
    return value < low ? low : value > high ? high : value;
}

/// The integer code nearest to a float, clamped to [lowest, T's highest].
template <scalar T>
FEWBITS_HOST_DEVICE constexpr std::uint32_t encode_nearest_integer(std::uint32_t bits, std::int32_t lowest) noexcept {
    using codec = typename T::codec;
    std::int32_t const value = clamped(nearest_steps<codec::exponent>(bits), lowest, codec::highest);
    return static_cast<std::uint32_t>(value + codec::excess) & static_cast<std::uint32_t>(low_mask(codec::width));
}

template <scalar T>
inline auto const& codebook_table_of() noexcept {
    static constexpr auto table = make_codebook_table(T::layout);
    return table;
}

/// Floats ordered as integers, -0 below +0: compared so, no flushing of subnormals changes a code.
FEWBITS_HOST_DEVICE constexpr std::int32_t ordered_key(std::uint32_t bits) noexcept {
    auto const value = static_cast<std::int32_t>(bits);
    return value ^ ((value >> 31) & 0x7FFFFFFF);
}

/// Replaces `count` <= 256 finite floats, given by their bits, with their codebook codes. Midpoints in the outer loop: the inner
/// one is then a plain vector loop.
template <scalar T>
void count_midpoints_below(std::uint32_t* bits, std::size_t count) noexcept {
    std::int32_t keys[256];
    for (std::size_t i = 0; i < count; ++i) keys[i] = ordered_key(bits[i]);
    for (std::size_t i = 0; i < count; ++i) bits[i] = 0;
    for (int m = 0; m + 1 < T::codec::count; ++m) {
        std::int32_t const midpoint = ordered_key(bit_cast<std::uint32_t>(codebook_table_of<T>().midpoint[m]));
        for (std::size_t i = 0; i < count; ++i) bits[i] += midpoint < keys[i] ? 1U : 0U;
    }
}

/// The code of one float, to nearest even: equal to T::codec::encode bit for bit.
template <scalar T>
    requires(has_fast_nearest<T>)
inline std::uint32_t encode_nearest(float value, bool saturating) noexcept {
    auto const bits = bit_cast<std::uint32_t>(value);
    if constexpr (T::kind == format_kind::minifloat) {
        return encode_nearest_minifloat<T>(bits, saturating);
    } else if constexpr (T::kind == format_kind::integer) {
        return encode_nearest_integer<T>(bits, T::codec::lowest);
    } else {
        std::uint32_t code = 0;
        for (int i = 0; i + 1 < T::codec::count; ++i) {
            code += ordered_key(bit_cast<std::uint32_t>(codebook_table_of<T>().midpoint[i])) < ordered_key(bits) ? 1U : 0U;
        }
        return (bits & 0x7FFFFFFF) > 0x7F800000 ? static_cast<std::uint32_t>(T::codec::count - 1) : code;
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
