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
    if constexpr (T::kind == format_kind::minifloat) return T::codec::has_zero && T::codec::is_signed;
    else if constexpr (T::kind == format_kind::integer) return T::width <= 8 && T::codec::lowest <= 0 && T::codec::highest >= 0;
    else return T::codec::count <= 32;
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

template <scalar T>
FEWBITS_HOST_DEVICE constexpr std::uint32_t encode_nearest_integer(std::uint32_t bits) noexcept {
    using codec = typename T::codec;
    constexpr int unit_field = 127 + codec::exponent;  // fp32's exponent field of one step
    std::uint32_t const magnitude = bits & 0x7FFFFFFF;
    // Beyond 2^9 steps everything saturates: cut there, so that the shift stays in range.
    constexpr auto cap = static_cast<std::uint32_t>(unit_field + 9) << 23;
    std::uint32_t const capped = magnitude > 0x7F800000 ? 0 : smaller(magnitude, cap);
    std::uint32_t const significand = (capped & 0x7FFFFF) | (capped >= 0x800000 ? 0x800000U : 0U);
    std::uint32_t const field = larger(capped >> 23, 1);
    std::uint32_t const shift = smaller(static_cast<std::uint32_t>(unit_field + 23) - field, 25);
    auto const steps = static_cast<std::int32_t>(round_shift(significand, shift));
    std::int32_t const value = (bits >> 31) != 0 ? -steps : steps;
    std::int32_t const inside = value < codec::lowest ? codec::lowest : value > codec::highest ? codec::highest : value;
    return static_cast<std::uint32_t>(inside + codec::excess) & static_cast<std::uint32_t>(low_mask(codec::width));
}

/// The code of one float, to nearest even: equal to T::codec::encode bit for bit.
template <scalar T>
    requires(has_fast_nearest<T>)
inline std::uint32_t encode_nearest(float value, bool saturating) noexcept {
    auto const bits = bit_cast<std::uint32_t>(value);
    if constexpr (T::kind == format_kind::minifloat) {
        return encode_nearest_minifloat<T>(bits, saturating);
    } else if constexpr (T::kind == format_kind::integer) {
        return encode_nearest_integer<T>(bits);
    } else {
        static constexpr auto table = make_codebook_table(T::layout);
        std::uint32_t code = 0;  // a NaN compares below nothing: on its bits it takes the last entry
        for (int i = 0; i + 1 < T::codec::count; ++i) code += table.midpoint[i] < value ? 1 : 0;
        return (bits & 0x7FFFFFFF) > 0x7F800000 ? static_cast<std::uint32_t>(T::codec::count - 1) : code;
    }
}

/// count floats to one code each, to nearest even.
template <scalar T, class Code>
    requires(has_fast_nearest<T>)
void encode_nearest_run(float const* values, std::size_t count, bool saturating, Code* codes) noexcept {
    for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<Code>(encode_nearest<T>(values[i], saturating));
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
