// One byte per code from the values of a row under the scales of its groups, 64 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../group_quotients.hpp"
#include "../portable/apply_scales.hpp"
#include "encode_vector.hpp"
#include "group_scales.hpp"
#include "memory.hpp"
#include "pack_codes.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Sixteen quotients, never NaN. The refined ones lose the sign of zero, which `sign` keeps in its upper bits.
struct quotients {
    __m512 value;
    __m512 sign;
};

template <quotient_method How, int Shift, int Part>
[[gnu::always_inline]] inline quotients quotients_of(__m512 x, group_quotients const& groups, std::size_t i, __mmask16 lanes) noexcept {
    if constexpr (How == quotient_method::product) {
        __m512 const product = _mm512_mul_ps(x, numbers_at<Shift, Part>(groups.factor, i, lanes));
        return {product, product};
    } else if constexpr (How == quotient_method::division) {
        __m512 const scale = numbers_at<Shift, Part>(groups.scale, i, lanes);
        __mmask16 const divides = _mm512_cmp_ps_mask(scale, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        __m512 const zeros = _mm512_and_ps(x, _mm512_castsi512_ps(splat(0x80000000)));
        __m512 const quotient = _mm512_mask_div_ps(zeros, divides, x, scale);
        return {quotient, quotient};
    } else {
        __m512 const factor = numbers_at<Shift, Part>(groups.factor, i, lanes);
        __m512 const near = _mm512_mul_ps(x, factor);
        __m512 const rest = _mm512_fnmadd_ps(near, numbers_at<Shift, Part>(groups.scale, i, lanes), x);
        return {_mm512_fmadd_ps(rest, factor, near), near};
    }
}

/// Whether codes stand for values of both signs, which lie in -128..127. The others are in 0..255.
template <scalar E>
inline constexpr bool has_signed_values = [] {
    if constexpr (E::kind == format_kind::integer) return E::codec::lowest < 0;
    else return false;
}();

/// Codes of quotients, in 32-bit lanes, as bytes_of takes them: of integers no more than their value, which need not be above the lowest.
template <scalar E>
[[gnu::always_inline]] inline __m512i codes_of(quotients q, encode_bounds const& bounds) noexcept {
    using codec = typename E::codec;
    if constexpr (E::kind == format_kind::integer) {
        __m512 value = q.value;
        constexpr float unit = bit_cast<float>(static_cast<std::uint32_t>(127 - codec::exponent) << 23);
        if constexpr (codec::exponent != 0) value = _mm512_mul_ps(value, _mm512_set1_ps(unit));
        // As integers too the bits of what is above a positive float are the larger ones; and there are twice as many units for these.
        __m512i const highest = splat(bit_cast<std::uint32_t>(static_cast<float>(codec::highest)));
        return _mm512_cvtps_epi32(_mm512_castsi512_ps(_mm512_min_epi32(_mm512_castps_si512(value), highest)));
    } else if constexpr (E::kind == format_kind::minifloat) {
        __m512i const sign = _mm512_castps_si512(q.sign);
        if constexpr (codec::has_negative_zero) {
            __m512i const magnitude = magnitude_of(_mm512_castps_si512(q.value));
            __m512i const limit = splat(largest_told_apart<E>(bounds.saturating));
            __m512i const code = nearest_magnitude<E>(_mm512_min_epi32(magnitude, limit));
            return merged(splat(static_cast<std::uint32_t>(codec::magnitude_mask)), code, _mm512_srli_epi32(sign, 32 - codec::width));
        } else {
            __m512i const value = merged(splat(0x7FFFFFFF), _mm512_castps_si512(q.value), sign);
            return encode_nearest<E>(_mm512_castsi512_ps(value), bounds.saturating);
        }
    } else {
        return encode_nearest<E>(q.value, bounds.saturating);
    }
}

/// Codes of the values i + 16 * Part and on, as far as they are below `count`.
template <scalar E, quotient_method How, block_offset Kind, int Shift, int Part>
[[gnu::always_inline]] inline __m512i codes_at(float const* values, group_quotients const& groups, std::size_t i, std::size_t count,
                                               encode_bounds const& bounds) noexcept {
    std::size_t const first = i + 16 * Part;
    if (first >= count) return _mm512_setzero_si512();
    __mmask16 const lanes = first_lanes(count - first);
    __m512 x = _mm512_maskz_loadu_ps(lanes, values + first);
    asm("" : "+v"(x));  // else g++ loads it again for every use
    if constexpr (Kind == block_offset::minimum) x = _mm512_sub_ps(x, numbers_at<Shift, Part>(groups.offset, i, lanes));
    quotients const q = quotients_of<How, Shift, Part>(x, groups, i, lanes);
    if constexpr (Kind == block_offset::zero_point) {
        using codec = typename E::codec;
        // Quotients are cut where with any zero point they clamp to an end all the same.
        __m512 const cut = _mm512_min_ps(_mm512_max_ps(q.value, _mm512_set1_ps(-512)), _mm512_set1_ps(512));
        __m512i const sum = _mm512_add_epi32(_mm512_cvtps_epi32(cut), _mm512_cvtps_epi32(numbers_at<Shift, Part>(groups.offset, i, lanes)));
        return _mm512_min_epi32(_mm512_max_epi32(sum, splat(codec::lowest)), splat(codec::highest));
    } else {
        return codes_of<E>(q, bounds);
    }
}

/// The bytes of 64 codes. Integers get their lowest value and their excess here, where 64 take no more than 16 before.
template <scalar E>
[[gnu::always_inline]] inline __m512i bytes_of(__m512i const (&code)[4], encode_bounds const& bounds) noexcept {
    using codec = typename E::codec;
    __m512i const order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    if constexpr (has_signed_values<E>) {
        __m512i const packed = _mm512_packs_epi16(_mm512_packs_epi32(code[0], code[1]), _mm512_packs_epi32(code[2], code[3]));
        __m512i bytes = _mm512_max_epi8(_mm512_permutexvar_epi32(order, packed), _mm512_set1_epi8(static_cast<char>(bounds.lowest)));
        if constexpr (codec::excess != 0) bytes = _mm512_add_epi8(bytes, _mm512_set1_epi8(static_cast<char>(codec::excess)));
        return codec::width == 8 ? bytes : _mm512_and_si512(bytes, _mm512_set1_epi8(static_cast<char>(low_mask(codec::width))));
    } else {
        __m512i const packed = _mm512_packus_epi16(_mm512_packus_epi32(code[0], code[1]), _mm512_packus_epi32(code[2], code[3]));
        return _mm512_permutexvar_epi32(order, packed);
    }
}

/// The bytes of codes i to i + 63, as far as they are below `count`.
template <scalar E, quotient_method How, block_offset Kind, int Shift>
[[gnu::always_inline]] inline __m512i encode_64(float const* values, group_quotients const& groups, std::size_t i, std::size_t count,
                                                encode_bounds const& bounds) noexcept {
    __m512i const code[4] = {codes_at<E, How, Kind, Shift, 0>(values, groups, i, count, bounds),
                             codes_at<E, How, Kind, Shift, 1>(values, groups, i, count, bounds),
                             codes_at<E, How, Kind, Shift, 2>(values, groups, i, count, bounds),
                             codes_at<E, How, Kind, Shift, 3>(values, groups, i, count, bounds)};
    return bytes_of<E>(code, bounds);
}

/// codes[i] = the code of values[i] to nearest even, i < count, under group i >> Shift; Shift is 0, or 4 and more.
template <scalar E, quotient_method How, block_offset Kind, int Shift>
void encode_groups(float const* values, std::size_t count, group_quotients const& given, encode_bounds const& limits,
                   std::uint8_t* codes) noexcept {
    static_assert(Shift == 0 || Shift >= 4);
    group_quotients const groups = given;
    encode_bounds const bounds = limits;
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        fetch_pages_ahead<2, 3>(values + i);
        _mm512_storeu_si512(codes + i, encode_64<E, How, Kind, Shift>(values, groups, i, i + 64, bounds));
    }
    if (i == count) return;
    _mm512_mask_storeu_epi8(codes + i, first_bytes(count - i), encode_64<E, How, Kind, Shift>(values, groups, i, count, bounds));
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
