// Encoding of fp32 in any mode in a form the compiler vectorises: no branch, 32-bit integers only.
#pragma once

#include <cstdint>

#include "encode_limits.hpp"
#include "encode_nearest.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A magnitude's code rounded towards zero, and what that discarded, left-aligned in 32 bits.
struct cut_code {
    std::uint32_t code;
    std::uint32_t rest;
};

/// Cuts significand * 2^-shift, significand < 2^24 and shift >= 1. A rest too small for 32 bits stays above 0 unless `Random`: there
/// its bits count, and a carry that they cannot cause is none.
template <bool Random>
constexpr cut_code cut_significand(std::uint32_t significand, std::int32_t shift) noexcept {
    auto const at_most = [](std::int32_t a, std::int32_t b) { return static_cast<std::uint32_t>(a < b ? a : b); };
    std::uint32_t const high = significand << (32 - at_most(shift, 32));
    std::uint32_t const low = Random ? significand >> at_most(shift < 32 ? 0 : shift - 32, 31) : significand;
    return {significand >> at_most(shift, 31), shift <= 32 ? high : low};
}

/// fp32's exponent field and the significand with its leading one; smaller floats than fp32's normal ones have field 1, or a field
/// below 1 and a leading one where `Normalise`.
template <bool Normalise>
constexpr void split_float(std::uint32_t magnitude, std::int32_t& field, std::uint32_t& significand) noexcept {
    field = static_cast<std::int32_t>(magnitude >> 23);
    std::uint32_t const fraction = magnitude & 0x7FFFFF;
    std::uint32_t const implicit = field > 0 ? 0x800000U : 0U;
    significand = fraction | implicit;
    if constexpr (Normalise) {
        auto const same = bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(fraction)));
        std::uint32_t const normal = (same & 0x7FFFFF) | 0x800000;
        significand = field > 0 ? significand : normal;
        field = field > 0 ? field : static_cast<std::int32_t>(same >> 23) - 149;
    } else {
        field = field > 1 ? field : 1;
    }
}

template <scalar T, bool Random>
constexpr cut_code cut_minifloat(std::uint32_t magnitude) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr std::int32_t first_field = codec::min_exponent + 127;  // fp32's exponent field of the smallest normal value
    std::int32_t field = 0;
    std::uint32_t significand = 0;
    split_float<(first_field < 1)>(magnitude, field, significand);
    std::int32_t const above = field > first_field ? field - first_field : 0;
    std::int32_t const below = field < first_field ? first_field - field : 0;
    cut_code cut = cut_significand<Random>(significand, below + 23 - m);
    cut.code += static_cast<std::uint32_t>(above) << m;
    if constexpr (!codec::has_zero) {  // the code has no bit for the leading one, and nothing below it rounds
        bool const none = magnitude == 0 || field < first_field;
        cut.code = none ? 0U : cut.code - (1U << m);
        cut.rest = none ? 0U : cut.rest;
    }
    return cut;
}

template <scalar T>
constexpr std::uint32_t with_sign(std::uint32_t magnitude, bool negative, bool zero) noexcept {
    using codec = typename T::codec;
    if constexpr (T::kind == format_kind::integer) {
        auto const value = static_cast<std::int32_t>(magnitude);
        std::int32_t const inside = clamped(negative ? -value : value, codec::lowest, codec::highest);
        return static_cast<std::uint32_t>(inside + codec::excess) & static_cast<std::uint32_t>(low_mask(codec::width));
    } else if constexpr (!codec::is_signed) {
        constexpr auto nan = static_cast<std::uint32_t>(codec::has_nan ? codec::nan_magnitude : 0);
        std::uint32_t const below_zero = zero ? 0U : nan;
        return negative ? below_zero : magnitude;
    } else {
        std::uint32_t const sign = negative ? static_cast<std::uint32_t>(codec::sign_bit) : 0U;
        return magnitude | (codec::has_negative_zero || magnitude != 0 ? sign : 0U);
    }
}

/// The code of a minifloat or an integer format for one float given by its bits; `word`: the random bits where `Random`. Equal to
/// T::codec::encode bit for bit.
template <scalar T, bool Random>
    requires(is_inside_fp32<T> && T::kind != format_kind::codebook)
constexpr std::uint32_t encode_rounded(std::uint32_t bits, encoding const& how, std::uint32_t word) noexcept {
    bool const negative = (bits >> 31) != 0;
    std::uint32_t const all_negative = 0U - (bits >> 31);
    std::uint32_t const magnitude = bits & 0x7FFFFFFF;
    std::uint32_t const capped = smaller(magnitude, negative ? how.largest[1] : how.largest[0]);
    cut_code cut{};
    if constexpr (T::kind == format_kind::minifloat) {
        cut = cut_minifloat<T, Random>(capped);
    } else {
        std::int32_t field = 0;
        std::uint32_t significand = 0;
        split_float<false>(capped, field, significand);
        cut = cut_significand<Random>(significand, 150 + T::codec::exponent - field);
    }
    std::uint32_t const odd = 0U - (cut.code & 1);
    std::uint32_t const addend =
        Random ? word : how.addend.base ^ (odd & how.addend.flip_odd) ^ (all_negative & how.addend.flip_negative);
    std::uint32_t const rounded = cut.code + (cut.rest + addend < addend ? 1U : 0U);
    std::uint32_t const finite = with_sign<T>(rounded, negative, magnitude == 0);
    std::uint32_t const infinity = negative ? how.infinity[1] : how.infinity[0];
    std::uint32_t const nan = negative ? how.nan[1] : how.nan[0];
    std::uint32_t const beyond = magnitude > 0x7F800000 ? nan : infinity;
    return magnitude < 0x7F800000 ? finite : beyond;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
